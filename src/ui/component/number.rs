//! Numbers as people read them.

use crate::model::search::Amount;

/// `12,345`.
pub fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `12,345`, or `more than 1,000`.
pub fn amount(amount: Amount) -> String {
    match amount {
        Amount::Exactly(number) => grouped(number),
        Amount::MoreThan(number) => format!("more than {}", grouped(number)),
    }
}
