//! A number where a list of numbers may stand too.

use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// A list of seeds, or one.
pub(crate) fn seeds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    from.deserialize_any(OneOrSeveral { what: "a seed, or a list of seeds", of: PhantomData })
}

/// A list of numbers of simulations, or one.
pub(crate) fn simulations<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<usize>>, D::Error> {
    let what = "a number of simulations, or a list of such numbers";
    from.deserialize_any(OneOrSeveral { what, of: PhantomData }).map(Some)
}

/// A number, or a list of numbers. Not derived: the errors of an untagged enum do not name the
/// expected types.
struct OneOrSeveral<T> {
    what: &'static str,
    of: PhantomData<T>,
}

impl<'de, T: TryFrom<i64> + Deserialize<'de>> Visitor<'de> for OneOrSeveral<T> {
    type Value = Vec<T>;
    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(self.what)
    }
    fn visit_i64<E: serde::de::Error>(self, one: i64) -> Result<Vec<T>, E> {
        let wrong = |_| E::custom(format!("{one} is not {}", self.what));
        T::try_from(one).map(|one| vec![one]).map_err(wrong)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}
