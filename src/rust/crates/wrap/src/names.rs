//! Names as AWS writes them: parsing with an error that helps.

use std::fmt;

/// Why a name is not one this crate works with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The name is none that AWS KMS knows.
    Unknown {
        /// What was to be named, for example `key spec`.
        what: &'static str,
        /// The name as given.
        given: String,
        /// The known name it was most likely meant to be, if one is close.
        nearest: Option<&'static str>,
        /// All names that are known.
        known: Vec<&'static str>,
    },
    /// AWS KMS knows this key spec, but creates the key material of such keys itself.
    NotImportable {
        /// The key spec as given.
        given: String,
        /// All key specs whose material can be imported.
        known: Vec<&'static str>,
    },
}

impl NameError {
    /// A short, stable word for the kind of error, fit to be a part of a class name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_name",
            Self::NotImportable { .. } => "not_importable",
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown {
                what,
                given,
                nearest,
                known,
            } => {
                write!(f, "{given:?} is not a {what}. ")?;
                if let Some(nearest) = nearest {
                    write!(f, "Did you mean {nearest}? ")?;
                }
                write!(f, "Use one of {}.", known.join(", "))
            }
            Self::NotImportable { given, known } => write!(
                f,
                "Key material for {given} keys cannot be imported: AWS KMS creates it itself. Create the key without \
                 Origin EXTERNAL, or use one of {}.",
                known.join(", ")
            ),
        }
    }
}

impl std::error::Error for NameError {}

/// The value whose AWS name is `given`, to the letter.
pub(crate) fn parse<T: Copy>(
    what: &'static str,
    given: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, NameError> {
    let known: Vec<&'static str> = all.iter().map(|&value| name(value)).collect();
    match known.iter().position(|&candidate| candidate == given) {
        Some(index) => Ok(all[index]),
        None => Err(NameError::Unknown {
            what,
            given: given.to_owned(),
            nearest: nearest(given, &known),
            known,
        }),
    }
}

/// The known name closest to `given`, if it is close enough to be a typo of it.
fn nearest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let given = normalised(given);
    known
        .iter()
        .map(|&name| (distance(&given, &normalised(name)), name))
        .filter(|&(distance, name)| distance <= name.len() / 4)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Upper case, letters and digits only: `rsa-2048` and `RSA_2048` are the same word to a person.
fn normalised(name: &str) -> Vec<char> {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Levenshtein's edit distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
