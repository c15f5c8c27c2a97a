//! The page: the six questions on one side, the path on the other. Whatever comes from a catalogue or an address is escaped.

use std::fmt::Write as _;

use esker_core::Error;

use super::query::{self, Asked};
use crate::guide::picture::escape as e;
use crate::guide::text::{covers, span};
use crate::guide::{Answers, Approach, Catalogue, GOALS, Plan, QUESTIONS, Step, graph_svg, hours as h, weeks_svg};

/// The whole page.
pub(super) fn whole(catalogue: &Catalogue, asked: &Asked) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>What to learn next</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n<script src=\"/page.js\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#path\">To the path</a>\n<header>\n<p class=\"kicker\">Esker guide</p>\n<h1>What to learn next</h1>\n\
         <p>Six questions, each with a default. The path is drawn anew at each answer, on this machine; nothing is sent or counted.</p>\n</header>\n\
         <main>\n",
    );
    form(&mut out, catalogue, &asked.answers);
    let _ = write!(
        out,
        "<div id=\"path\" tabindex=\"-1\">\n{}</div>\n</main>\n\
         <aside class=\"bar\" aria-label=\"The path in a line\"><p id=\"told\" role=\"status\"></p><a href=\"#path\">See it</a></aside>\n",
        path(catalogue, asked)
    );
    let credit: Vec<String> = catalogue
        .lists
        .iter()
        .map(|l| {
            let n = catalogue.resources.iter().filter(|r| r.listed_by == l.id).count();
            format!("{n} from {} ({})", e(&l.label), e(&l.licence))
        })
        .collect();
    let _ = write!(
        out,
        "<footer><p>{} resources: {}. Hours and levels are one reviewer's estimates.</p></footer>\n</body>\n</html>\n",
        catalogue.resources.len(),
        credit.join("; ")
    );
    out
}

fn form(out: &mut String, catalogue: &Catalogue, a: &Answers) {
    out.push_str("<form id=\"answers\" action=\"/\" method=\"get\" aria-label=\"Six questions\">\n");
    let _ = write!(
        out,
        "<fieldset><legend>1. How much time do you have?</legend>\n<div class=\"pair\">\n\
         <p><label for=\"hours\">Hours a week</label><input id=\"hours\" name=\"hours\" type=\"number\" min=\"0.5\" max=\"80\" step=\"0.5\" value=\"{}\"></p>\n\
         <p><label for=\"weeks\">Weeks</label><input id=\"weeks\" name=\"weeks\" type=\"number\" min=\"1\" max=\"104\" value=\"{}\"></p>\n\
         <p><label for=\"start\">First day, for the calendar</label><input id=\"start\" name=\"start\" type=\"date\" value=\"{}\"></p>\n</div></fieldset>\n",
        a.hours_a_week,
        a.weeks,
        e(&a.start)
    );
    out.push_str("<fieldset><legend>2. What do you want to be able to do?</legend>\n<p class=\"hint\">One to three.</p>\n");
    for goal in &GOALS {
        tick(out, "goal", goal.id, goal.verb, a.goals.iter().any(|g| g == goal.id));
    }
    out.push_str("<p><label for=\"topic\">And a topic, such as your field</label><select id=\"topic\" name=\"topic\"><option value=\"\">none</option>");
    for topic in &catalogue.topics {
        let chosen = if a.topics.first() == Some(&topic.id) { " selected" } else { "" };
        let _ = write!(out, "<option value=\"{}\"{chosen}>{}</option>", e(&topic.id), e(&topic.label));
    }
    out.push_str("</select></p></fieldset>\n<fieldset><legend>3. How do you like to learn?</legend>\n");
    for (way, word, text) in Approach::ALL {
        radio(out, "approach", word, text, a.approach == way);
    }
    let _ = write!(
        out,
        "</fieldset>\n<fieldset><legend>4. Theory or practice?</legend>\n<p><label for=\"practice\">From theory (left) to practice (right)</label>\
         <input id=\"practice\" name=\"practice\" type=\"range\" min=\"-2\" max=\"2\" step=\"1\" value=\"{}\"></p></fieldset>\n",
        a.practice
    );
    known(out, catalogue, a);
    out.push_str("<fieldset><legend>6. In which languages, at what cost?</legend>\n<div class=\"ticks\">\n");
    // Those chosen stand first, in their order: the form sends them as they stand, and the first is the one that is needed.
    for language in &a.languages {
        tick(out, "language", language, language, true);
    }
    for language in catalogue.languages().into_iter().filter(|l| a.languages.iter().all(|a| a != l)) {
        tick(out, "language", language, language, false);
    }
    out.push_str("</div>\n");
    tick(out, "paid", "on", "paid resources too", a.paid);
    out.push_str("<p class=\"hint\">Programming languages; the resources themselves are in English.</p></fieldset>\n");
    // What the select does not hold, and what was swapped, goes with the form.
    for (name, ids) in [("topic", a.topics.get(1..).unwrap_or_default()), ("without", &a.without[..]), ("with", &a.with[..])] {
        for id in ids {
            let _ = writeln!(out, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", e(id));
        }
    }
    out.push_str("<p class=\"plain\"><button type=\"submit\">Draw the path</button></p>\n</form>\n");
}

fn known(out: &mut String, catalogue: &Catalogue, a: &Answers) {
    out.push_str("<fieldset><legend>5. What do you know?</legend>\n");
    let open = if a.test.is_empty() { "" } else { " open" };
    let _ = writeln!(out, "<details{open}><summary>Two-minute test-out: six questions</summary>");
    for q in &QUESTIONS {
        let given = a.test.get(q.id).copied();
        let name = format!("test.{}", q.id);
        let _ = writeln!(out, "<fieldset class=\"inner\"><legend>{}</legend>", e(q.text));
        for (i, answer) in q.answers.iter().enumerate() {
            let n = u8::try_from(i + 1).unwrap_or(0);
            radio(out, &name, &n.to_string(), answer, given == Some(n));
        }
        radio(out, &name, "", "not sure", given.is_none());
        out.push_str("</fieldset>\n");
    }
    let open = if a.known.is_empty() { "" } else { " open" };
    let _ = writeln!(out, "</details>\n<details{open}><summary>Or tick what you know</summary>");
    for topic in &catalogue.topics {
        tick(out, "known", &topic.id, &topic.label, a.known.contains(&topic.id));
    }
    out.push_str("</details></fieldset>\n");
}

fn tick(out: &mut String, name: &str, value: &str, text: &str, on: bool) {
    choice(out, "checkbox", name, value, text, on);
}

fn radio(out: &mut String, name: &str, value: &str, text: &str, on: bool) {
    choice(out, "radio", name, value, text, on);
}

fn choice(out: &mut String, kind: &str, name: &str, value: &str, text: &str, on: bool) {
    let on = if on { " checked" } else { "" };
    let _ =
        writeln!(out, "<label class=\"choice\"><input type=\"{kind}\" name=\"{}\" value=\"{}\"{on}>{}</label>", e(name), e(value), e(text));
}

/// The path, or why there is none and how to go back.
pub(super) fn path(catalogue: &Catalogue, asked: &Asked) -> String {
    let made = asked.fault.clone().map_or_else(|| Plan::make(&asked.answers, catalogue), Err);
    match made {
        Ok(plan) => drawn(catalogue, &asked.answers, &plan),
        Err(error) => {
            let mut out = refusal(&error);
            changes(&mut out, catalogue, &asked.answers);
            out
        }
    }
}

fn refusal(error: &Error) -> String {
    let got = error.got.as_ref().map_or_else(String::new, |g| format!(": {}", e(g)));
    let rest: Vec<String> = [&error.rule, &error.hint].into_iter().flatten().map(|t| format!("<p>{}.</p>", capital(&e(t)))).collect();
    format!("<section class=\"refusal\" role=\"alert\"><h2>{}{got}</h2>{}</section>\n", capital(&e(&error.thing)), rest.join("\n"))
}

/// The first letter of a sentence, large.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

fn drawn(catalogue: &Catalogue, answers: &Answers, plan: &Plan) -> String {
    let query = e(&query::write(answers));
    let mut out = format!(
        "<section>\n<h2>Your path</h2>\n<p class=\"status\"><strong>{} step{}, {} of {}, {}.</strong></p>\n\
         <div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Weeks\">{}</div>\n",
        plan.steps.len(),
        if plan.steps.len() == 1 { "" } else { "s" },
        h(plan.hours),
        h(plan.budget),
        plan.reach(),
        weeks_svg(plan)
    );
    let fewer = Answers { weeks: (answers.weeks * 3 / 4).max(1), ..answers.clone() };
    if fewer.weeks < answers.weeks {
        let _ = writeln!(out, "<p>{}</p>", change(&fewer, &format!("Less time: {} weeks", fewer.weeks)));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", e(note));
    }
    out.push_str("<ol class=\"steps\">\n");
    for (i, one) in plan.steps.iter().enumerate() {
        step(&mut out, catalogue, answers, plan, (i, one));
    }
    out.push_str("</ol>\n</section>\n");
    left_out(&mut out, plan);
    changes(&mut out, catalogue, answers);
    let _ = write!(
        out,
        "<section><h2>Topics</h2>\n<p class=\"hint\">What comes before stands to the left. Dashed: missing.</p>\n\
         <div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Topics as a graph\">{}</div></section>\n\
         <section><h2>Take it along</h2>\n<ul class=\"links\"><li><a download href=\"/path.md?{query}\">Markdown</a></li>\
         <li><a download href=\"/path.ics?{query}\">Calendar</a></li><li><a download href=\"/answers.toml?{query}\">Answers, to go on later</a></li>\
         <li><a download href=\"/topics.svg?{query}\">Picture of the topics</a></li><li><a download href=\"/weeks.svg?{query}\">Picture of the weeks</a></li></ul>\n\
         <p class=\"hint\">The address of this page holds your answers, too.</p></section>\n",
        graph_svg(plan)
    );
    out
}

fn step(out: &mut String, catalogue: &Catalogue, answers: &Answers, plan: &Plan, (i, step): (usize, &Step)) {
    let _ = write!(
        out,
        "<li><h3><a href=\"{}\" rel=\"noreferrer\">{}</a></h3>\n<p class=\"part\">{}, {}</p>\n<dl>\n<dt>Covers</dt><dd>{}</dd>\n<dt>Because</dt><dd><ul>",
        e(&step.url),
        e(&step.title),
        e(&capital(&step.take())),
        span(plan, i),
        e(&covers(step))
    );
    for reason in &step.reasons {
        let _ = write!(out, "<li>{}</li>", e(reason));
    }
    let _ = writeln!(out, "</ul></dd>\n<dt>But</dt><dd>{}</dd>\n</dl>", e(&step.drawback));
    let mut swapped = answers.clone();
    swapped.with.retain(|id| *id != step.id);
    swapped.without.push(step.id.clone());
    let mut acts = Vec::new();
    for other in &step.instead {
        let mut with = swapped.clone();
        with.with.push(other.id.clone());
        acts.push(change(&with, &format!("Swap for {}, about {}", other.title, h(other.hours))));
    }
    acts.push(change(&swapped, &format!("Leave out {}", step.title)));
    for cover in step.covers.iter().take(3) {
        let mut knows = answers.clone();
        knows.known.push(cover.topic.clone());
        acts.push(change(&knows, &format!("I know this: {}", catalogue.label(&cover.topic))));
    }
    let _ = writeln!(out, "<ul class=\"links\">{}</ul></li>", acts.iter().map(|a| format!("<li>{a}</li>")).collect::<String>());
}

/// A link to changed answers.
fn change(answers: &Answers, text: &str) -> String {
    format!("<a class=\"act\" href=\"/?{}#path\">{}</a>", e(&query::write(answers)), e(text))
}

fn left_out(out: &mut String, plan: &Plan) {
    if !plan.left_out.is_empty() {
        out.push_str("<section><h2>Left out</h2>\n<ul>");
        for left in &plan.left_out {
            let _ = write!(out, "<li><strong>{}</strong>: {}</li>", e(&left.title), e(&left.why));
        }
        out.push_str("</ul></section>\n");
    }
}

/// What was taken out and put in, each with the way back.
fn changes(out: &mut String, catalogue: &Catalogue, answers: &Answers) {
    if answers.without.is_empty() && answers.with.is_empty() {
        return;
    }
    out.push_str("<section><h2>Your changes</h2>\n<ul class=\"links\">");
    let title = |id: &String| catalogue.resource(id).map_or_else(|_| id.clone(), |r| r.title.clone());
    for id in &answers.without {
        let mut back = answers.clone();
        back.without.retain(|w| w != id);
        let _ = write!(out, "<li>{}</li>", change(&back, &format!("Put back {}", title(id))));
    }
    for id in &answers.with {
        let mut back = answers.clone();
        back.with.retain(|w| w != id);
        let _ = write!(out, "<li>{}</li>", change(&back, &format!("No longer insist on {}", title(id))));
    }
    out.push_str("</ul></section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser sends of the form: its controls in the order of the page.
    fn sent(page: &str) -> String {
        let form = &page[page.find("<form").unwrap()..page.find("</form>").unwrap()];
        let value = |tag: &str, name: &str| tag.split(&format!(" {name}=\"")).nth(1).map(|v| v.split('"').next().unwrap().to_owned());
        let mut select = String::new();
        let mut pairs = Vec::new();
        for tag in form.split('<').filter_map(|t| t.split('>').next()) {
            if tag.starts_with("select") {
                select = value(tag, "name").unwrap();
            }
            let ticked = !(tag.contains("checkbox") || tag.contains("radio")) || tag.ends_with(" checked");
            match (tag.starts_with("input"), tag.starts_with("option") && tag.ends_with(" selected")) {
                (true, _) if ticked => pairs.push((value(tag, "name").unwrap(), value(tag, "value").unwrap())),
                (_, true) => pairs.push((select.clone(), value(tag, "value").unwrap())),
                _ => {}
            }
        }
        pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&")
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn the_form_sends_the_answers_that_it_was_drawn_from() {
        let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
        let answers = Answers {
            languages: list(&["r", "julia", "python"]),
            goals: list(&["predict-tables", "map-points"]),
            topics: list(&["hydrology", "glaciology"]),
            known: list(&["statistics"]),
            without: list(&["kaggle-learn", "gpml"]),
            with: list(&["sklearn-mooc"]),
            test: [("tables".to_owned(), 3)].into(),
            start: "2026-12-07".to_owned(),
            paid: true,
            practice: -1,
            ..Answers::default()
        };
        let page = whole(&catalogue, &Asked { answers: answers.clone(), fault: None });
        let again = query::read(&sent(&page), &Answers::default());
        assert_eq!(again.answers, answers);
    }

    #[test]
    fn a_refusal_shows_the_way_back_and_keeps_the_answers() {
        let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
        let asked = query::read("hours=0.5&weeks=x&goal=map-points&language=python&without=kaggle-learn", &Answers::default());
        let page = whole(&catalogue, &asked);
        assert!(page.contains("class=\"refusal\"") && page.contains("Put back Kaggle Learn"), "{page}");
        assert!(
            page.contains("value=\"map-points\" checked")
                && page.contains("name=\"hours\" type=\"number\" min=\"0.5\" max=\"80\" step=\"0.5\" value=\"0.5\"")
        );
    }
}
