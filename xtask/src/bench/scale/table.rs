//! The table: what was promised, what it took, and what is over.

use super::ask::Took;
use super::case::{Limit, Promise};
use crate::bench::quantile;
use crate::steps;

/// A promise with what its cases took, over so many users.
pub struct Measured {
    pub name: &'static str,
    pub limit: Limit,
    pub ratio: Option<f64>,
    pub users: u64,
    pub cases: Vec<Took>,
}

impl Measured {
    pub fn of(promise: &Promise, users: u64, cases: Vec<Took>) -> Self {
        Self { name: promise.name, limit: promise.limit, ratio: promise.ratio, users, cases }
    }

    /// The case with the highest median.
    fn worst(&self) -> Option<&Took> {
        self.cases.iter().max_by(|one, other| one.median.total_cmp(&other.median))
    }

    /// Of all requests of all cases: a case alone has too few of them.
    fn p99(&self) -> f64 {
        let mut times: Vec<f64> = self.cases.iter().flat_map(|took| took.times.iter().copied()).collect();
        quantile(&mut times, 0.99)
    }

    /// How many times as long as in `least` a case took at the most, and which.
    fn times(&self, least: &Self) -> Option<(f64, &str)> {
        let pairs = self.cases.iter().filter_map(|took| {
            let before = least.cases.iter().find(|before| before.case == took.case)?;
            Some((took.median / before.median, took.case.as_str()))
        });
        pairs.max_by(|one, other| one.0.total_cmp(&other.0))
    }
}

/// Every promise at every size, on one database; `each` shows the single cases too, with the longest instead of p99.
pub fn show(database: &str, all: &[Measured], each: bool) {
    if all.is_empty() {
        return;
    }
    println!(
        "\n{database}, one connection, milliseconds in the server: the median of each row's worst case, p99 of all its requests"
    );
    println!(
        "  {:<36} {:>9} {:>9} {:>9} {:>9} {:>8}  worst case",
        "what", "users", "median", "p99", "limit", "to 1,000"
    );
    for measured in all {
        let Some(worst) = measured.worst() else { continue };
        let ratio = least(all, measured).and_then(|least| measured.times(least));
        let ratio = ratio.map(|(ratio, _)| format!("{ratio:.2}")).unwrap_or_default();
        let limit = format!("{:.0}/{:.0}", measured.limit.median, measured.limit.p99);
        println!(
            "  {:<36} {:>9} {:>9.2} {:>9.2} {limit:>9} {ratio:>8}  {}{}",
            measured.name,
            steps::grouped(measured.users as usize),
            worst.median,
            measured.p99(),
            worst.case,
            if is_over(measured).is_empty() { "" } else { "  OVER" }
        );
        for took in measured.cases.iter().filter(|_| each) {
            let failed = took.failed.as_ref().map(|failed| format!("  {failed}")).unwrap_or_default();
            let most = took.times.iter().copied().fold(0.0, f64::max);
            println!("    {:<44} {:>9.2} {most:>9.2}{failed}", took.case, took.median);
        }
    }
}

/// The same row over the fewest users, where that is another one.
fn least<'m>(all: &'m [Measured], measured: &Measured) -> Option<&'m Measured> {
    let same = all.iter().find(|other| other.name == measured.name)?;
    (same.users == 1_000 && measured.users != same.users).then_some(same)
}

/// What is over a limit, in words.
pub fn over(database: &str, all: &[Measured]) -> Vec<String> {
    let mut over = Vec::new();
    for measured in all {
        let place = format!("{database}, {} users, {}", steps::grouped(measured.users as usize), measured.name);
        over.extend(is_over(measured).into_iter().map(|what| format!("{place}: {what}")));
        let times = least(all, measured).and_then(|least| measured.times(least));
        if let (Some(most), Some((ratio, case))) = (measured.ratio, times)
            && ratio > most
        {
            over.push(format!("{place}: {case} takes {ratio:.2} times what it takes with 1,000 users, over {most}"));
        }
    }
    over
}

fn is_over(measured: &Measured) -> Vec<String> {
    let mut over = Vec::new();
    if let Some(took) = measured.cases.iter().find(|took| took.failed.is_some()) {
        over.push(format!("{} {}", took.case, took.failed.as_deref().unwrap_or_default()));
    }
    let limit = measured.limit;
    if let Some(took) = measured.worst().filter(|took| took.median > limit.median) {
        over.push(format!("the median of {} is {:.2} ms, over {}", took.case, took.median, limit.median));
    }
    let p99 = measured.p99();
    if p99 > limit.p99 {
        over.push(format!("the 99th percentile is {p99:.2} ms, over {}", limit.p99));
    }
    over
}

#[cfg(test)]
mod tests {
    use super::{Measured, over};
    use crate::bench::scale::ask::Took;
    use crate::bench::scale::case::Limit;

    fn measured(users: u64, median: f64, p99: f64) -> Measured {
        let took = Took { case: "by name".to_owned(), median, times: vec![median, p99], failed: None };
        Measured { name: "users", limit: Limit { median: 3.0, p99: 8.0 }, ratio: Some(1.5), users, cases: vec![took] }
    }

    #[test]
    fn what_is_over_a_limit_is_named() {
        assert_eq!(over("SQLite", &[measured(1_000, 2.0, 3.0), measured(1_000_000, 2.9, 7.0)]), [""; 0]);
        let over = over("SQLite", &[measured(1_000, 1.0, 3.0), measured(1_000_000, 3.1, 8.1)]);
        assert_eq!(over.len(), 3, "{over:?}");
        assert!(over[0].contains("1,000,000 users") && over[0].contains("median of by name is 3.10 ms"), "{over:?}");
        assert!(over[2].contains("3.10 times"), "{over:?}");
    }

    #[test]
    fn an_answer_that_failed_is_over_every_limit() {
        let mut failed = measured(1_000_000, 1.0, 1.0);
        failed.cases[0].failed = Some("answered 504".to_owned());
        assert!(over("SQLite", &[failed])[0].contains("answered 504"));
    }
}
