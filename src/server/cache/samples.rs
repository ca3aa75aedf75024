//! What some users of an environment are found by: how common a word is, and which part of it is rare, is told without asking the
//! database each time. It chooses between two ways to the same rows, and may be old.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use uuid::Uuid;

/// How long a sample is good.
const KEPT: Duration = Duration::from_secs(600);
/// Environments of which one is kept: each has some two thousand texts.
const ENVIRONMENTS: usize = 32;
/// A sample says nothing of words that fewer of it have.
const SURE: usize = 16;
/// A part of a word is common where more than one in so many have it.
const COMMON: usize = 10;

/// Letters of a part by which few are found.
const ENOUGH: usize = 5;

/// Samples by environment.
pub struct Samples(Cache<Uuid, Taken>);

#[derive(Clone)]
struct Taken {
    at: Duration,
    /// How many users there were.
    total: i64,
    sample: Arc<Sample>,
}

impl Default for Samples {
    fn default() -> Self {
        Self(Cache::new(ENVIRONMENTS))
    }
}

impl Samples {
    /// The sample of `total` users. One of a tenth more or less says too little: somebody has imported many. `now` is of the
    /// monotonic clock.
    pub fn get(&self, environment_id: Uuid, now: Duration, total: i64) -> Option<Arc<Sample>> {
        let taken = self.0.get(&environment_id)?;
        let is_like_it = (taken.total - total).abs() <= total / 10;
        (is_like_it && now.saturating_sub(taken.at) < KEPT).then_some(taken.sample)
    }

    pub fn keep(&self, environment_id: Uuid, now: Duration, total: i64, sample: Sample) -> Arc<Sample> {
        let sample = Arc::new(sample);
        self.0.insert(environment_id, Taken { at: now, total, sample: sample.clone() });
        sample
    }
}

/// A part of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    found: usize,
    of: usize,
    /// In how many places of the table.
    places: usize,
}

impl Share {
    /// How many of `total` there are most likely.
    pub fn likely(self, total: i64) -> i64 {
        self.times(self.found as f64, total)
    }

    /// How many there are at least, by four standard errors. Neighbours are alike, having come together: what counts is in how many
    /// places they were found.
    pub fn surely(self, total: i64) -> i64 {
        self.times(self.found as f64 * (1.0 - 4.0 / (self.places as f64).sqrt()), total)
    }

    fn times(self, found: f64, total: i64) -> i64 {
        (found.max(0.0) / self.of as f64 * total as f64) as i64
    }
}

/// What some users of an environment are found by, and how many there are of each three characters of it.
pub struct Sample {
    /// With the place of the table that each is from.
    texts: Vec<(i64, String)>,
    trigrams: HashMap<[char; 3], usize>,
}

impl Sample {
    pub fn of(texts: Vec<(i64, String)>) -> Self {
        let mut trigrams = HashMap::new();
        for (_, text) in &texts {
            let mut own: Vec<[char; 3]> = trigrams_of(text);
            own.sort_unstable();
            own.dedup();
            for trigram in own {
                *trigrams.entry(trigram).or_default() += 1;
            }
        }
        Self { texts, trigrams }
    }

    /// How many of the sample have all of `words`, of each one of its keys: `None` where that is too few to say anything.
    pub fn share(&self, words: &[Vec<String>]) -> Option<Share> {
        let has =
            |(_, text): &&(i64, String)| words.iter().all(|keys| keys.iter().any(|key| text.contains(key.as_str())));
        let mut places: Vec<i64> = self.texts.iter().filter(has).map(|(place, _)| *place).collect();
        let found = places.len();
        places.dedup();
        (found >= SURE).then_some(Share { found, of: self.texts.len(), places: places.len() })
    }

    /// The longest part of `key` that has no common three characters, or a part of that; all of it where there is none.
    pub fn rare_part(&self, key: &str) -> String {
        let letters: Vec<char> = key.chars().collect();
        let is_rare = |trigram: &[char]| {
            let trigram = [trigram[0], trigram[1], trigram[2]];
            self.trigrams.get(&trigram).is_none_or(|count| *count * COMMON <= self.texts.len())
        };
        let rare: Vec<bool> = letters.windows(3).map(is_rare).collect();
        let mut best = 0..0;
        let mut begin = 0;
        for end in 0..=rare.len() {
            if end == rare.len() || !rare[end] {
                if end - begin > best.len() {
                    best = begin..end;
                }
                begin = end + 1;
            }
        }
        match best.is_empty() {
            true => key.to_owned(),
            false => self.shortened(&letters[best.start..best.end + 2]).iter().collect(),
        }
    }

    /// A part of a part that no more have, as far as the sample tells, and that is found sooner: of many letters the index would
    /// lay the places of each three over those of the others.
    fn shortened<'p>(&self, part: &'p [char]) -> &'p [char] {
        let having = |letters: &[char]| {
            let letters: String = letters.iter().collect();
            self.texts.iter().filter(|(_, text)| text.contains(&letters)).count()
        };
        let most = having(part);
        let whole = Some(whole(part)).filter(|whole| having(whole) <= most).unwrap_or(part);
        let count = |letters: &[char]| self.trigrams.get(&[letters[0], letters[1], letters[2]]).copied();
        let common = |letters: &&[char]| letters.windows(3).filter_map(count).sum::<usize>();
        // PostgreSQL looks for the words of what has a sign in it, of which each may be common.
        let of_one_word = whole.windows(ENOUGH).filter(|letters| letters.iter().all(|letter| letter.is_alphanumeric()));
        of_one_word.min_by_key(common).filter(|letters| having(letters) <= most).unwrap_or(whole)
    }
}

/// A part without the first letter or two of a word at its end: a trigram index knows the beginnings of words, and with one letter
/// begin very many.
fn whole(part: &[char]) -> &[char] {
    match part.iter().rposition(|letter| !letter.is_alphanumeric()) {
        Some(sign) if sign >= 2 && (1..=2).contains(&(part.len() - sign - 1)) => &part[..=sign],
        _ => part,
    }
}

fn trigrams_of(text: &str) -> Vec<[char; 3]> {
    let letters: Vec<char> = text.chars().collect();
    letters.windows(3).map(|letters| [letters[0], letters[1], letters[2]]).collect()
}

#[cfg(test)]
mod tests {
    use super::Sample;

    fn sample() -> Sample {
        let text = |n: usize| format!(" ann{n} person ann{n}.person@d{}.example", n % 500);
        Sample::of((0..2_000).map(|n| (n as i64 / 32, text(n))).collect())
    }

    #[test]
    fn the_rare_part_of_an_address_is_what_others_do_not_have() {
        assert_eq!(sample().rare_part("d77.example"), "d77.");
        assert_eq!(sample().rare_part("ann1234.person"), "n1234");
        assert_eq!(sample().rare_part("person"), "person");
        assert_eq!(sample().rare_part("zzzzqq"), "zzzzq");
    }

    #[test]
    fn a_sample_says_how_many_have_a_word_unless_hardly_any_do() {
        let share = |word: &str| sample().share(&[vec![word.to_owned()]]);
        assert_eq!(share("person").map(|share| share.likely(1_000_000)), Some(1_000_000));
        assert_eq!(share("n12").map(|share| share.likely(1_000_000)), Some(55_500));
        // Of 111, a hundred are neighbours.
        assert_eq!(share("n12").map(|share| share.surely(1_000_000)), Some(0));
        assert_eq!(share("person").map(|share| share.surely(1_000_000) / 10_000), Some(49));
        assert_eq!(share("zzz"), None);
        assert_eq!(share("@d77.example"), None);
    }
}
