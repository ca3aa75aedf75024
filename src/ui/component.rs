//! Components: small functions from data to a view, one class name each in `style/component`.

pub mod account_combobox;
pub mod account_filter;
pub mod avatar;
pub mod badge;
pub mod copy;
pub mod dialog;
pub mod end_session;
pub mod markup;
pub mod menu;
pub mod number;
pub mod table;
pub mod theme;
pub mod time;
pub mod toast;
