//! Where calls come from.

/// Whether a request says to come from `own`, where its environment's pages are. Frontegg's server in Next.js sends its base
/// URL, which is our issuer, in place of an origin.
pub fn is_our_own(own: &str, origin: &str) -> bool {
    origin.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
