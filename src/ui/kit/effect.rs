//! Effects without their type: what Leptos builds around one would be in the browser module for each.

use leptos::prelude::*;

/// Runs `run` in the browser once the page is there, and again whenever a signal that it reads changes.
pub fn effect(run: impl FnMut() + 'static) {
    boxed(Box::new(run));
}

fn boxed(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}
