//! Every file that is made of a call: a pure function of what is kept, so that what is taken out of it is gone from all.
//!
//! Files under `private/` are for the organiser's own systems and hold addresses; no other file does.

mod groups;
mod imports;
mod plan;
mod proof;
mod review;

use std::collections::BTreeMap;

use super::call::Call;
use super::folder::State;
use super::texts::plain;

pub use proof::withheld;

/// Files by their paths in the folder.
pub type Files = BTreeMap<String, String>;

/// Every file of a call.
pub fn files(state: &State) -> Files {
    let mut files = Files::new();
    files.insert("consent.md".into(), state.consent.clone());
    plan::add(&mut files, state);
    if let Some(matching) = &state.matching {
        groups::add(&mut files, state, matching);
        imports::add(&mut files, state, matching);
        proof::add(&mut files, state, matching);
    }
    review::add(&mut files, state);
    files
}

/// The consent text of a call, in Markdown.
pub fn consent(call: &Call) -> String {
    let contact = if call.contact.is_empty() { "the organiser".to_owned() } else { plain(&call.contact) };
    format!(
        "# Consent, version {}\n\nFor the call \"{}\". By applying you agree to what follows.\n\n\
* **What is kept**: the name you want shown, your e-mail address, time zone, languages, level, topics, free hours, what you do, whether you \
bring data, whom you asked to be kept apart from, and what you write about yourself; later your group, your projects with who reads them, your talk, and \
certificates given to you. Gender, nationality and age are neither asked for nor kept. You are 16 or older.\n\
* **What for**: to make groups that share a topic, a language and time, and to tell you about them.\n\
* **Where**: in one folder on the organiser's machine. Nothing is sent to a service by Esker.\n\
* **Who sees what**: your group sees your name, your time zone, your languages and your topics. Everybody of the call sees your name with your \
group, your projects, their reviews and your talk. Nobody but the organiser sees your address, or whom you asked to be kept apart from. Where groups \
use Zulip or Moodle, the organiser gives your name and address to that system.\n\
* **Your rights**: ask {contact} for everything that is held about you, or to be forgotten, at any time and without a reason. Both happen at once.\n\
* **How long**: the organiser erases applications that found no place within six months after the call.\n",
        plain(&call.consent),
        plain(&call.title),
    )
}
