//! What applications are told, later and for certain.

pub mod back_channel_logout;
