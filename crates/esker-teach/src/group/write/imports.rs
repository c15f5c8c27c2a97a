//! Imports for the systems that groups talk and learn in. They hold addresses and stay in `private/`.
//!
//! Moodle: "Upload users" (`username,firstname,lastname,email,course1,group1`) and "Import groups" (`groupname,description,groupidnumber`).
//! Zulip: `POST /api/v1/users/me/subscriptions`, one request a group, and the addresses that `POST /api/v1/invites` or the form "Invite
//! users" takes.

use serde_json::json;

use super::Files;
use crate::group::folder::State;
use crate::group::matching::{Group, Matching};
use crate::group::people::Person;
use crate::group::texts::line;

/// Most characters of a Zulip channel's name and description.
const CHANNEL: usize = 60;
const DESCRIPTION: usize = 1024;

pub(super) fn add(files: &mut Files, state: &State, matching: &Matching) {
    files.insert("private/moodle-users.csv".into(), moodle_users(state, matching));
    files.insert("private/moodle-groups.csv".into(), moodle_groups(state, matching));
    files.insert("private/zulip-channels.json".into(), zulip_channels(state, matching));
    files.insert("private/zulip-invitations.txt".into(), zulip_invitations(state, matching));
}

/// People of a group with an address; the others cannot be imported anywhere.
fn reachable<'a>(state: &'a State, group: &'a Group) -> impl Iterator<Item = &'a Person> {
    group.members.iter().filter_map(|m| state.person(m)).filter(|p| !p.email.is_empty())
}

fn moodle_users(state: &State, matching: &Matching) -> String {
    let mut text = line(&["username", "firstname", "lastname", "email", "timezone", "course1", "group1"]);
    for group in &matching.groups {
        for person in reachable(state, group) {
            let (first, last) = names(&person.name);
            // Moodle wants user names in small letters, as ids are.
            text += &line(&[&person.id, &first, &last, &person.email.to_lowercase(), &person.zone, &state.call.id, &group.id]);
        }
    }
    text
}

/// The name in the two parts that Moodle asks of everybody; a single name has a full stop for the second.
fn names(name: &str) -> (String, String) {
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
        None => (name.trim().to_owned(), ".".to_owned()),
    }
}

fn moodle_groups(state: &State, matching: &Matching) -> String {
    let mut text = line(&["groupname", "description", "groupidnumber"]);
    for group in &matching.groups {
        // Moodle's older importers cut at every comma, quoted or not.
        let description = format!("{} ({})", group.topic, group.languages.join(" ")).replace([',', ';', '"'], " ");
        text += &line(&[group.id.as_str(), &description, &format!("{}-{}", state.call.id, group.id)]);
    }
    text
}

fn zulip_channels(state: &State, matching: &Matching) -> String {
    let cut = |text: String, most: usize| text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect::<String>();
    let requests: Vec<_> = matching
        .groups
        .iter()
        .map(|group| {
            let addresses: Vec<&str> = reachable(state, group).map(|p| p.email.as_str()).collect();
            let name = cut(format!("{} {}", state.call.id, group.id), CHANNEL);
            let description = cut(format!("{}: {}", state.call.title, group.topic), DESCRIPTION);
            json!({
                "method": "POST",
                "endpoint": "/api/v1/users/me/subscriptions",
                "parameters": {
                    "subscriptions": [{ "name": name, "description": description }],
                    "principals": addresses,
                    "invite_only": true,
                    "history_public_to_subscribers": true,
                    "authorization_errors_fatal": false,
                },
            })
        })
        .collect();
    serde_json::to_string_pretty(&requests).map(|t| t + "\n").unwrap_or_default()
}

fn zulip_invitations(state: &State, matching: &Matching) -> String {
    let mut addresses: Vec<&str> = matching.groups.iter().flat_map(|g| reachable(state, g)).map(|p| p.email.as_str()).collect();
    addresses.sort_unstable();
    addresses.iter().fold(String::new(), |text, a| text + a + "\n")
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_have_the_two_parts_that_moodle_asks_for() {
        assert_eq!(names("Ana María Quispe"), ("Ana María".into(), "Quispe".into()));
        assert_eq!(names("Suharto"), ("Suharto".into(), ".".into()));
        assert_eq!(names("王 小明"), ("王".into(), "小明".into()));
    }
}
