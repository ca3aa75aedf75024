//! The form kit: fields that show what is stored or what was entered, each error at its field, all at once.
//!
//! Two people may edit one thing. A form carries the version that it shows, and beside each field what stood in it. Where
//! somebody else was faster, the use case refuses it ([`ApiError::Conflict`]), and the form is drawn once more over what is stored
//! by now: what its sender had not touched is theirs already, and where both changed a field, it shows both, to be chosen from.

use maud::{Markup, html};

use super::entered::Entered;
use super::parts::icon;
use crate::model::error::ApiError;

/// A form about to be drawn.
#[derive(Clone, Copy, Default)]
pub struct Draft<'a> {
    entered: Option<&'a Entered>,
    refusal: Option<&'a ApiError>,
}

/// A field: what it is called in the form, what its label says, and what else is said of it.
#[derive(Clone, Copy, Default)]
pub struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// Beside the label: `optional`.
    pub note: &'a str,
    /// Beneath the field.
    pub hint: &'a str,
    /// The type of the input; `text` where there is none.
    pub kind: &'a str,
    pub autocomplete: &'a str,
    pub placeholder: &'a str,
    pub maxlength: u32,
    pub required: bool,
    /// In letters of one width: addresses, keys, JSON.
    pub is_code: bool,
    /// What is checked while one types, by the script: `address`, `json`, `slug:name`.
    pub check: &'a str,
}

impl<'a> Draft<'a> {
    /// What is stored.
    pub fn stored() -> Self {
        Self::default()
    }

    /// What was entered, and why it was refused.
    pub fn refused(entered: &'a Entered, refusal: &'a ApiError) -> Self {
        Self { entered: Some(entered), refusal: Some(refusal) }
    }

    /// Whether somebody else was faster.
    pub fn is_overtaken(self) -> bool {
        matches!(self.refusal, Some(ApiError::Conflict { .. }))
    }

    fn error(self, name: &str) -> Option<String> {
        self.refusal.and_then(|refusal| refusal.for_field(name))
    }

    /// What a field shows: what was entered, or what is stored where nothing was entered or nothing was touched.
    pub fn value(self, name: &str, stored: &str) -> String {
        let Some(entered) = self.entered.filter(|entered| entered.has(name)) else { return stored.to_owned() };
        let value = same_lines(entered.typed(name));
        let was = same_lines(entered.typed(&format!("was.{name}")));
        if self.is_overtaken() && value == was { stored.to_owned() } else { value }
    }

    /// Whether a box is checked.
    pub fn checked(self, name: &str, stored: bool) -> bool {
        let Some(entered) = self.entered else { return stored };
        let (value, was) = (entered.has(name), entered.get(&format!("was.{name}")) == "true");
        if self.is_overtaken() && value == was { stored } else { value }
    }

    /// The version that the form is about: that of what it shows beside what was entered.
    pub fn version(self, version: i64) -> Markup {
        html! { input type="hidden" name="version" value=(version); }
    }

    /// A line to type into.
    pub fn text(self, field: Field<'_>, stored: &str) -> Markup {
        let value = self.value(field.name, stored);
        let id = format!("field-{}", field.name);
        let kind = if field.kind.is_empty() { "text" } else { field.kind };
        let error = self.error(field.name);
        let is_secret = kind == "password";
        self.around(field, &id, stored, html! {
            input.input.code[field.is_code] id=(id) name=(field.name) type=(kind)
                value=[(!is_secret).then_some(value)]
                autocomplete=(if field.autocomplete.is_empty() { "off" } else { field.autocomplete })
                placeholder=[some(field.placeholder)] maxlength=[(field.maxlength > 0).then_some(field.maxlength)]
                required[field.required] aria-invalid=[error.is_some().then_some("true")] aria-describedby=(described(&id))
                spellcheck=[field.is_code.then_some("false")] data-check=[some(field.check)] dir=[(!field.is_code).then_some("auto")];
        })
    }

    /// Lines to type into.
    pub fn area(self, field: Field<'_>, stored: &str) -> Markup {
        let value = self.value(field.name, stored);
        let id = format!("field-{}", field.name);
        let error = self.error(field.name);
        self.around(field, &id, stored, html! {
            textarea.input.code[field.is_code] id=(id) name=(field.name) placeholder=[some(field.placeholder)]
                maxlength=[(field.maxlength > 0).then_some(field.maxlength)] required[field.required]
                aria-invalid=[error.is_some().then_some("true")] aria-describedby=(described(&id))
                spellcheck=[field.is_code.then_some("false")] data-check=[some(field.check)] { (format!("\n{value}")) }
        })
    }

    /// One choice among some: values and what they are called.
    pub fn choice(self, field: Field<'_>, options: &[(&str, &str)], stored: &str) -> Markup {
        let value = self.value(field.name, stored);
        let id = format!("field-{}", field.name);
        let error = self.error(field.name);
        self.around(
            field,
            &id,
            stored,
            html! {
                div.select {
                    select.input id=(id) name=(field.name) aria-invalid=[error.is_some().then_some("true")]
                        aria-describedby=(described(&id)) {
                        @for (word, label) in options { option value=(word) selected[*word == value] { (label) } }
                    }
                    (icon("chevrons-up-down"))
                }
            },
        )
    }

    /// On or off, drawn as a switch.
    pub fn switch(self, field: Field<'_>, stored: bool) -> Markup {
        let is_on = self.checked(field.name, stored);
        let id = format!("field-{}", field.name);
        html! {
            div.field {
                label.switch {
                    input id=(id) type="checkbox" role="switch" name=(field.name) value="true" checked[is_on]
                        aria-describedby=(described(&id));
                    span.switch-track aria-hidden="true" {}
                    span.switch-label { (field.label) }
                }
                input type="hidden" name=(format!("was.{}", field.name)) value=(stored);
                (self.beneath(field, &id))
            }
        }
    }

    /// Any number of boxes of one name: value, label, what is said of it.
    pub fn boxes(self, field: Field<'_>, boxes: &[(String, String, String)], stored: &[String]) -> Markup {
        let chosen: Vec<String> = match self.entered {
            Some(entered) => entered.all(field.name).map(str::to_owned).collect(),
            None => stored.to_vec(),
        };
        let id = format!("field-{}", field.name);
        html! {
            fieldset.field.boxes aria-describedby=(described(&id)) {
                legend.label { (field.label) @if !field.note.is_empty() { span.label-note { (field.note) } } }
                @for (value, label, said) in boxes {
                    label.box {
                        input type="checkbox" name=(field.name) value=(value) checked[chosen.contains(value)];
                        span { bdi { (label) } @if !said.is_empty() { span.dim { bdi { (said) } } } }
                    }
                }
                (self.beneath(field, &id))
            }
        }
    }

    /// What went wrong and is said at none of these fields, to stand above the form's button.
    pub fn failure(self, fields: &[&str]) -> Markup {
        let said = match self.refusal {
            None => return html! {},
            Some(ApiError::Conflict { .. }) => {
                "Somebody else saved this while you were editing. Their version is shown beside each field that you both \
                 changed: choose, then save. Nothing of yours is lost."
                    .to_owned()
            }
            Some(ApiError::Invalid(errors)) => {
                let others = errors.iter().filter(|error| !fields.contains(&error.field.as_str()));
                others.map(|error| error.message.as_str()).collect::<Vec<_>>().join(" ")
            }
            Some(refusal) => refusal.to_string(),
        };
        html! { @if !said.is_empty() { p.notice.bad role="alert" { (icon("circle-alert")) span { bdi { (said) } } } } }
    }

    fn around(self, field: Field<'_>, id: &str, stored: &str, control: Markup) -> Markup {
        html! {
            div.field {
                label.label for=(id) {
                    (field.label)
                    @if !field.note.is_empty() { span.label-note { (field.note) } }
                }
                (control)
                @if field.kind != "password" { input type="hidden" name=(format!("was.{}", field.name)) value=(stored); }
                (self.both(field, stored))
                (self.beneath(field, id))
            }
        }
    }

    /// Where both changed the field: theirs, and the choice.
    fn both(self, field: Field<'_>, stored: &str) -> Markup {
        let Some(entered) = self.entered.filter(|entered| self.is_overtaken() && entered.has(field.name)) else {
            return html! {};
        };
        let was = same_lines(entered.typed(&format!("was.{}", field.name)));
        if self.value(field.name, stored) == stored || was == same_lines(stored) {
            return html! {};
        }
        let name = format!("take.{}", field.name);
        html! {
            fieldset.versions {
                legend { "Somebody else changed this too" }
                input type="hidden" name=(format!("now.{}", field.name)) value=(stored);
                label.box { input type="radio" name=(name) value="mine" checked; span { "Keep what I entered" } }
                label.box {
                    input type="radio" name=(name) value="theirs";
                    span { "Take theirs: " @if stored.is_empty() { i { "empty" } } @else { bdi.theirs { (stored) } } }
                }
            }
        }
    }

    fn beneath(self, field: Field<'_>, id: &str) -> Markup {
        html! {
            @if !field.hint.is_empty() { p.hint id=(format!("{id}-hint")) { (field.hint) } }
            p.field-error id=(format!("{id}-error")) aria-live="polite" {
                @if let Some(error) = self.error(field.name) { (icon("circle-alert")) span { bdi { (error) } } }
            }
        }
    }
}

fn described(id: &str) -> String {
    format!("{id}-error {id}-hint")
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Browsers send the ends of lines as two characters.
fn same_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A button that asks once more before it does what it says, in a panel that needs no script.
pub struct Question<'a> {
    /// The panel's id, once in the page.
    pub id: &'a str,
    pub button: Markup,
    /// Classes of the button that opens the panel.
    pub class: &'a str,
    pub title: &'a str,
    /// What it will do, in numbers.
    pub text: Markup,
    /// Where the form goes.
    pub action: &'a str,
    pub fields: Markup,
    /// What the button says that does it.
    pub go: &'a str,
}

impl Question<'_> {
    pub fn drawn(self) -> Markup {
        let Self { id, button, class, title, text, action, fields, go } = self;
        html! {
            button type="button" class=(class) popovertarget=(id) { (button) }
            div.menu.confirm popover="auto" id=(id) role="dialog" aria-labelledby=(format!("{id}-title")) {
                h3 id=(format!("{id}-title")) { bdi { (title) } }
                div.dim { (text) }
                form.form method="post" action=(action) {
                    (fields)
                    div.form-foot {
                        button.button.small type="button" popovertarget=(id) popovertargetaction="hide" { "Cancel" }
                        button.button.small.danger.solid type="submit" { (go) }
                    }
                }
            }
        }
    }
}

/// A form that is one button.
pub fn button_form(action: &str, fields: &[(&str, &str)], class: &str, face: Markup) -> Markup {
    html! {
        form.one-button method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button type="submit" class=(class) { (face) }
        }
    }
}
