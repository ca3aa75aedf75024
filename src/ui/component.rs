//! Components: small functions from data to a view, one class name each in `style/component`.

pub mod account_filter;
pub mod avatar;
pub mod badge;
pub mod copy;
pub mod dialog;
pub mod field;
pub mod filter;
pub mod form;
pub mod icon;
pub mod loaded;
pub mod markup;
pub mod menu;
pub mod number;
pub mod pager;
pub mod state;
pub mod table;
pub mod time;
pub mod toast;
