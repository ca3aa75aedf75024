//! Forgetting a view's type, for less than Leptos' own `into_any`.
//!
//! `into_any` keeps a second copy of every view's hydration, as a future, for islands and lazily loaded routes, and copies
//! each constant string into a counted one. This portal has no islands and only constants that live for ever; without the
//! copies its browser module is a quarter smaller. [`Plain`] stands between and leaves them out.

use std::any::Any;

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};

pub trait Erase {
    /// The view without its type.
    fn erased(self) -> AnyView;
}

impl<V: RenderHtml + Send + 'static> Erase for V {
    fn erased(self) -> AnyView {
        let mut view = Some(self);
        if let Some(erased) = (&mut view as &mut dyn Any).downcast_mut::<Option<AnyView>>().and_then(Option::take) {
            return erased;
        }
        view.map_or_else(|| ().into_any(), |view| Plain(view).into_any())
    }
}

struct Plain<V>(V);

impl<V: Render> Render for Plain<V> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<V: AddAnyAttr + 'static> AddAnyAttr for Plain<V> {
    type Output<A: Attribute> = Plain<<V::Output<A> as RenderHtml>::Owned>;

    fn add_any_attr<A: Attribute>(self, attribute: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        Plain(self.0.add_any_attr(attribute).into_owned())
    }
}

impl<V: RenderHtml + 'static> RenderHtml for Plain<V> {
    type AsyncOutput = V::AsyncOutput;
    type Owned = Self;

    const MIN_LENGTH: usize = V::MIN_LENGTH;
    const EXISTS: bool = V::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self::AsyncOutput {
        self.0.resolve().await
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    /// Called for islands and lazily loaded routes only.
    async fn hydrate_async(self, _cursor: &Cursor, _position: &PositionState) -> Self::State {
        unreachable!("the portal hydrates in one step")
    }

    fn into_owned(self) -> Self::Owned {
        self
    }
}
