//! Where regression meets resampling and importance: what a fit can claim when its sites are few.
//!
//! | file | what |
//! |---|---|
//! | [`importance`] | importance of items from rows: games, statuses, cautions |
//! | [`importance_sites`] | the same over resampled sites |
//! | [`logit_game`] | McFadden's and Tjur's R2 of a subset of items |

pub mod importance;
pub mod importance_sites;
pub mod logit_game;
