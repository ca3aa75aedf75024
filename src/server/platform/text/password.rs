//! Passwords as they are hashed: the same one from every keyboard (RFC 8265, section 4.2, OpaqueString).

use precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::OpaqueString;

use super::composed;

/// The password as it is hashed: composed, every kind of space a plain one. One with a character that the profile does not
/// know, such as a new emoji, is no more than that.
pub fn password(typed: &str) -> String {
    let composed: String = composed(typed).chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
    if composed.is_ascii() {
        return composed;
    }
    OpaqueString::enforce(composed.as_str()).map(|prepared| prepared.into_owned()).unwrap_or(composed)
}

/// Every space but those that end a line: RFC 8265, section 4.2.1 (Additional Mapping Rule), general category Zs.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// The password byte by byte as it was typed, where that is another one: hashes of older versions and of other systems are of
/// that.
pub fn password_as_before(typed: &str) -> Option<&str> {
    (password(typed) != typed).then_some(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_same_from_every_keyboard() {
        let one = password("pa\u{df}wo\u{308}rter\u{a0}sind lang");
        assert_eq!(one, password("pa\u{df}w\u{f6}rter sind\u{3000}lang"));
        assert_eq!(one, "paßwörter sind lang");
        assert_eq!(password("Correct Horse"), "Correct Horse");
        assert_eq!(password("\u{1112}\u{1161}\u{11ab} 비밀번호"), password("한 비밀번호"));
        assert_ne!(password("GROSS"), password("gross"));
        assert_eq!(password("new 🫨 face"), "new 🫨 face");
        assert_eq!(password("ne\u{308}w\u{a0}🫨\u{202f}face\u{3000}"), "nëw 🫨 face ");
        assert_eq!(password("a\u{2028}🫨"), "a\u{2028}🫨");
        assert_eq!(password(""), "");
    }

    #[test]
    fn a_hash_of_raw_bytes_still_has_its_password() {
        assert_eq!(password_as_before("jose\u{301}"), Some("jose\u{301}"));
        assert_eq!(password_as_before("plain"), None);
    }
}
