//! E-mail addresses: one stored spelling each, so that two spellings are one person and never two.
//!
//! The part before the `@` by PRECIS (RFC 8265, section 3.3, UsernameCaseMapped, each part between dots by itself as section
//! 3.5 has it), the domain by UTS #46 (IDNA), shown and stored in Unicode. Signs that only look like letters are refused and
//! not mapped: the Kelvin sign's lower case is a plain k, which is somebody else. Quotes around what needs none are dropped,
//! for it is the same mailbox (RFC 5321, section 4.1.2); what is no dot-atom without them (RFC 5322, section 3.2.3; RFC 6531,
//! section 3.3) is refused.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use precis_core::Error as PrecisError;
use precis_core::profile::{PrecisFastInvocation as _, Rules as _};
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::{TextError, composed, storable};
use crate::model::text::{EMAIL_MAX, has_control_characters, is_directional, is_ignorable};

/// The stored spelling of an e-mail address: composed, in lower case, its domain in Unicode, without what a copy leaves at
/// either end. Whether it is anybody's, only a message to it can tell.
///
/// # Errors
/// A [`TextError`] that says what to mend.
pub fn email(typed: &str) -> Result<String, TextError> {
    let text = typed.trim_matches(|c: char| c.is_whitespace() || is_ignorable(c));
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    // Addresses are short, and what follows takes longer than that.
    if text.len() > 4 * EMAIL_MAX {
        return Err(TextError::AddressTooLong { most: EMAIL_MAX });
    }
    if has_control_characters(text) || text.contains(['\n', '\t']) {
        return Err(TextError::Control);
    }
    let text = UsernameCaseMapped::new().width_mapping_rule(text).map_err(|_| TextError::NotAnAddress)?;
    let (local, host) = without_scheme(&text).rsplit_once('@').ok_or(TextError::NotAnAddress)?;
    let local = local_part(local)?;
    let host = domain(host).filter(|host| host.contains('.')).ok_or(TextError::NotAnAddress)?;
    let address = format!("{local}@{host}");
    if address.len() > EMAIL_MAX {
        return Err(TextError::AddressTooLong { most: EMAIL_MAX });
    }
    Ok(address)
}

/// An address as it stands in a link.
fn without_scheme(text: &str) -> &str {
    const MAILTO: &str = "mailto:";
    match text.get(..MAILTO.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(MAILTO) => &text[MAILTO.len()..],
        _ => text,
    }
}

/// What an address may have before its `@` without quotes, dots aside: atext, and with RFC 6531 whatever is beyond ASCII.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// What is between the quotes, where there are two.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn local_part(text: &str) -> Result<String, TextError> {
    let text = unquoted(text);
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '@') {
        return Err(TextError::NotAnAddress);
    }
    if let Some(c) = text.chars().find(|c| *c != '.' && !is_atext(*c)) {
        return Err(TextError::NotInAddresses(c.into()));
    }
    if text.split('.').any(str::is_empty) {
        return Err(TextError::Dots);
    }
    if text.is_ascii() {
        return Ok(text.to_ascii_lowercase());
    }
    if let Some(c) = text.chars().find(|c| is_directional(*c)) {
        return Err(TextError::Direction(c.into()));
    }
    // A sign that is another letter's twin by definition (Kelvin, Ångström) is gone once a text is composed.
    if let Some(c) = text.chars().find(|c| is_twin(*c)) {
        return Err(TextError::Lookalike(c.into()));
    }
    let composed = composed(text);
    let atoms: Result<Vec<String>, TextError> = composed.split('.').map(enforced).collect();
    Ok(atoms?.join("."))
}

fn enforced(atom: &str) -> Result<String, TextError> {
    let enforce = |atom: &str| {
        UsernameCaseMapped::enforce(atom.to_owned()).map_err(|error| match error {
            PrecisError::BadCodepoint(found) => refusal(found.cp),
            _ => TextError::NotAnAddress,
        })
    };
    let stored = lower_case(&enforce(atom)?);
    // A letter whose small form is younger than the tables of PRECIS would not come out as it went in.
    if enforce(&stored)? == stored { Ok(stored) } else { Err(TextError::NotAnAddress) }
}

fn refusal(code: u32) -> TextError {
    match char::from_u32(code) {
        Some(c) if is_ignorable(c) => TextError::Hidden(code),
        Some(c) if c.nfkc().ne(std::iter::once(c)) => TextError::Lookalike(code),
        _ => TextError::NotInAddresses(code),
    }
}

/// Whether composing makes another character of this one alone.
fn is_twin(c: char) -> bool {
    let mut composed = std::iter::once(c).nfc();
    composed.next().is_some_and(|other| other != c) && composed.next().is_none()
}

/// In lower case with two things that letters alone do not say: a sigma is the final one where it ends a word, however it was
/// typed, and the dot that an upper case İ leaves over an i is not seen there.
fn lower_case(text: &str) -> String {
    let text = text.replace(['σ', 'ς'], "Σ").to_lowercase();
    composed(&text.replace("i\u{307}", "i").replace("j\u{307}", "j"))
}

/// The stored spelling of a domain: in Unicode and lower case. `None` where it is no domain.
pub fn domain(typed: &str) -> Option<String> {
    let uts46 = Uts46::new();
    let (unicode, checked) = uts46.to_unicode(typed.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    checked.ok()?;
    uts46.to_ascii(typed.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    Some(unicode.into_owned())
}

/// The part of a stored address that says where it is.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// What to look a typed address up by, in this order: as versions before this one stored it, which finds a row that could
/// not be written anew because another has its spelling, and as it is stored today.
pub fn spellings(typed: &str) -> Vec<String> {
    if typed.len() > 4 * EMAIL_MAX {
        return Vec::new();
    }
    let today = email(typed).ok();
    let before = Some(storable(&typed.trim().to_lowercase())).filter(|_| !typed.chars().any(is_twin));
    let mut spellings: Vec<String> = before.into_iter().chain(today).collect();
    spellings.dedup();
    spellings
}

/// A typed address as attempts at it are counted: all its spellings are one.
pub fn spelling(typed: &str) -> String {
    email(typed).unwrap_or_else(|_| storable(&typed.trim().to_lowercase()))
}

/// Whether two addresses are the same person's as far as an eye can tell: alike in their stored spelling, or, where either
/// is not plain ASCII, alike to look at (UTS #39, confusable).
pub fn same_person(one: &str, other: &str) -> bool {
    // Asked at every use of a token, of addresses that are stored: most of them have one spelling only.
    if is_plain(one) && is_plain(other) {
        return one == other;
    }
    let stored = |text: &str| email(text).unwrap_or_else(|_| composed(&bare(text).to_lowercase()));
    let (one, other) = (stored(one), stored(other));
    if one.is_ascii() && other.is_ascii() {
        return one == other;
    }
    one == other || appearance(&one) == appearance(&other)
}

/// Whether an address is surely its own stored spelling: of letters and digits that no rule changes.
fn is_plain(text: &str) -> bool {
    let mut ats = 0;
    let is_kept = text.bytes().all(|c| {
        ats += usize::from(c == b'@');
        c.is_ascii_lowercase() || c.is_ascii_digit() || b".-_+@".contains(&c)
    });
    is_kept && ats == 1 && !text.contains("xn--") && !text.ends_with('.')
}

/// What is no address today, as the mailbox that it once meant: without quotes, brackets and whatever else is not the name of
/// a mailbox.
fn bare(text: &str) -> String {
    let text = without_scheme(text.trim());
    let Some((local, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let name: String = local.chars().filter(|c| *c == '.' || (is_atext(*c) && !c.is_whitespace())).collect();
    format!("{name}@{host}")
}

/// What an eye makes of a text: looked at twice, for what a capital looks like may be a small letter's lookalike.
fn appearance(text: &str) -> String {
    let seen: String = skeleton(text).collect();
    skeleton(&seen.to_lowercase()).collect()
}

/// An http or https address with an international host in its ASCII spelling; the rest stays letter by letter as it is. `None`
/// where the host is not international: such an address has one spelling only (RFC 9700, section 4.1.3).
pub fn canonical_host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, &authority[host.len()..]),
        _ => (authority, ""),
    };
    let ascii = Uts46::new()
        .to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()
        .filter(|ascii| ascii.split('.').any(|label| label.starts_with("xn--")))?;
    Some(format!("{scheme}://{ascii}{port}{path}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_stored_as_one() {
        for (stored, spellings) in [
            (
                "info@bücher.example",
                &[
                    "Info@Bücher.example",
                    "info@xn--bcher-kva.example",
                    "INFO@XN--BCHER-KVA.EXAMPLE",
                    "info@bu\u{308}cher.example",
                ][..],
            ),
            ("josé@b.example", &["JOSÉ@b.example", "jose\u{301}@b.example", " josé@B.example \u{200b}"]),
            (
                "k.nowak@northwind.example",
                &[
                    "ｋ．ｎｏｗａｋ＠ｎｏｒｔｈｗｉｎｄ．ｅｘａｍｐｌｅ",
                    "k.nowak@northwind。example",
                    "\u{feff}K.Nowak@Northwind.Example\u{2060}",
                ],
            ),
            ("νικος@b.example", &["ΝΙΚΟΣ@b.example", "νικοσ@b.example"]),
            ("ipek@b.example", &["İPEK@b.example", "IPEK@b.example"]),
            ("nguyễn@b.example", &["NGUYỄN@b.example", "nguye\u{302}\u{303}n@b.example"]),
            ("김@b.example", &["\u{1100}\u{1175}\u{11b7}@b.example"]),
            ("o'neil+test@b.example", &["O'Neil+Test@b.example"]),
            ("olivia.owner@b.example", &["\"olivia.owner\"@b.example", "＂Olivia.Owner＂@b.example"]),
            ("josé@b.example", &["\"JOSÉ\"@b.example", "MailTo:josé@b.example", "mailto:\"josé\"@b.example"]),
            ("b.osei_partner.example#ext#@fabrikam.example", &["b.osei_partner.example#EXT#@fabrikam.example"]),
        ] {
            assert_eq!(email(stored).as_deref(), Ok(stored));
            for spelling in spellings {
                assert_eq!(email(spelling).as_deref(), Ok(stored), "{spelling:?}");
            }
        }
    }

    #[test]
    fn another_letter_is_another_person() {
        for (one, other) in [
            ("groß@b.example", "gross@b.example"),
            ("josé@b.example", "jose@b.example"),
            ("ırmak@b.example", "irmak@b.example"),
            ("info@straße.example", "info@strasse.example"),
            ("anna@b.example", "аnna@b.example"),
        ] {
            assert_ne!(email(one), email(other), "{one} {other}");
            assert!(email(one).is_ok() && email(other).is_ok(), "{one} {other}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_refused_and_says_why() {
        for (text, error) in [
            ("\u{212a}.nowak@b.example", TextError::Lookalike(0x212a)),
            ("\u{212b}sa@b.example", TextError::Lookalike(0x212b)),
            ("ﬁn@b.example", TextError::Lookalike(0xfb01)),
            ("oli\u{200b}via@b.example", TextError::Hidden(0x200b)),
            ("oli\u{ad}via@b.example", TextError::Hidden(0xad)),
            ("é\u{202e}@b.example", TextError::Direction(0x202e)),
            ("a\u{3164}@b.example", TextError::Hidden(0x3164)),
            ("a\u{2800}b@b.example", TextError::NotInAddresses(0x2800)),
            ("a\u{0}b@b.example", TextError::Control),
            ("mailto:mailto:z@b.example", TextError::NotInAddresses(0x3a)),
            ("skype:z@b.example", TextError::NotInAddresses(0x3a)),
            ("<b>@b.example", TextError::NotInAddresses(0x3c)),
            ("a,b@b.example", TextError::NotInAddresses(0x2c)),
            ("a;b@b.example", TextError::NotInAddresses(0x3b)),
            ("a\"b@b.example", TextError::NotInAddresses(0x22)),
            ("\"a\"b@b.example", TextError::NotInAddresses(0x22)),
            ("a\\b@b.example", TextError::NotInAddresses(0x5c)),
            ("\"a\\.b\"@b.example", TextError::NotInAddresses(0x5c)),
            ("(a)b@b.example", TextError::NotInAddresses(0x28)),
            ("é[b]@b.example", TextError::NotInAddresses(0x5b)),
            ("\"a b\"@b.example", TextError::NotAnAddress),
            ("\"a@b\"@b.example", TextError::NotAnAddress),
            ("\"\"@b.example", TextError::NotAnAddress),
            (".a@b.example", TextError::Dots),
            ("a..b@b.example", TextError::Dots),
            ("a.@b.example", TextError::Dots),
            ("é..b@b.example", TextError::Dots),
            ("\".\"@b.example", TextError::Dots),
            ("", TextError::Empty),
            ("nobody", TextError::NotAnAddress),
            ("a@b", TextError::NotAnAddress),
            ("a b@c.example", TextError::NotAnAddress),
            ("a@b@c.example", TextError::NotAnAddress),
            ("a@.example", TextError::NotAnAddress),
            ("a@b.example.", TextError::NotAnAddress),
            ("a@b..example", TextError::NotAnAddress),
            ("a@b_c.example", TextError::NotAnAddress),
            ("@b.example", TextError::NotAnAddress),
        ] {
            assert_eq!(email(text), Err(error), "{text:?}");
        }
        assert!(email(&format!("{}@b.example", "a".repeat(250))).is_err());
    }

    #[test]
    fn nobody_is_another_person_by_invisible_or_lookalike_letters() {
        let olivia = "olivia.owner@understudy.example";
        for other in [
            "Olivia.Owner@Understudy.example",
            "olivia.owner@understudy.example\u{200b}",
            "olivia\u{200b}.owner@understudy.example",
            "оlivia.owner@understudy.example",
            "olıvia.owner@understudy.example",
            "olivia.owner@undеrstudy.example",
            "\u{2060}ｏｌｉｖｉａ.owner@understudy.example",
            "OLIVIA.ΟWNER@understudy.example",
            "\"olivia.owner\"@understudy.example",
            "\"olivia\\.owner\"@understudy.example",
            "olivia.\"owner\"@understudy.example",
            "<olivia.owner>@understudy.example",
            "mailto:olivia.owner@understudy.example",
        ] {
            assert!(same_person(olivia, other) && same_person(other, olivia), "{other:?}");
        }
        for other in ["olivia@understudy.example", "o1ivia.owner@understudy.example", "olívia.owner@understudy.example"]
        {
            assert!(!same_person(olivia, other), "{other:?}");
        }
    }

    #[test]
    fn an_old_spelling_is_looked_for_before_todays() {
        assert_eq!(spellings("A@b.example"), ["a@b.example"]);
        assert_eq!(spellings("info@xn--bcher-kva.example"), ["info@xn--bcher-kva.example", "info@bücher.example"]);
        assert_eq!(spellings("\u{212a}.nowak@b.example"), Vec::<String>::new());
        assert_eq!(spellings("no address"), ["no address"]);
        assert_eq!(spellings("mailto:A@b.example"), ["mailto:a@b.example", "a@b.example"]);
        assert_eq!(spellings("\"a\"@b.example"), ["\"a\"@b.example", "a@b.example"]);
        assert_eq!(spellings("a..b@b.example"), ["a..b@b.example"]);
    }

    #[test]
    fn only_an_international_host_has_two_spellings() {
        let ascii = Some("https://xn--bcher-kva.example:8443/cb?a=%63".to_owned());
        assert_eq!(canonical_host("https://bücher.example:8443/cb?a=%63"), ascii);
        assert_eq!(canonical_host("https://xn--bcher-kva.example:8443/cb?a=%63"), ascii);
        assert_eq!(canonical_host("https://Bücher.example:8443/cb?a=%63"), ascii);
        for other in [
            "https://ｃonsole.example/callback",
            "https://CONSOLE.example/callback",
            "https://console.example/bücher",
            "https://bücher.example@evil.example/",
            "com.bücher:/callback",
            "//bücher.example/",
        ] {
            assert_eq!(canonical_host(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_stored_address_is_stored_as_itself(typed in "\\PC{1,12}@\\PC{1,8}\\.example") {
            if let Ok(stored) = email(&typed) {
                prop_assert_eq!(email(&stored), Ok(stored.clone()), "{:?}", typed);
                prop_assert!(same_person(&stored, &typed));
                prop_assert!(!stored.contains(char::is_control) && stored.len() <= EMAIL_MAX);
            }
        }
    }
}
