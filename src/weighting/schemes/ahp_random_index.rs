//! Random consistency indices, written by `benches/ahp_random_index.py` (seed 1980, 100,000 draws each).

/// Mean consistency index of random reciprocal matrices of 3, 4, ..., 25 items.
pub(super) const RANDOM_INDEX: [f64; 23] = [
    0.5245, // 3 items, standard error 0.0022
    0.8885, // 4 items, standard error 0.0020
    1.1101, // 5 items, standard error 0.0016
    1.2485, // 6 items, standard error 0.0013
    1.3402, // 7 items, standard error 0.0011
    1.4053, // 8 items, standard error 0.0009
    1.4496, // 9 items, standard error 0.0008
    1.4854, // 10 items, standard error 0.0007
    1.5131, // 11 items, standard error 0.0006
    1.5355, // 12 items, standard error 0.0005
    1.5545, // 13 items, standard error 0.0005
    1.5711, // 14 items, standard error 0.0004
    1.5840, // 15 items, standard error 0.0004
    1.5955, // 16 items, standard error 0.0004
    1.6053, // 17 items, standard error 0.0004
    1.6145, // 18 items, standard error 0.0003
    1.6221, // 19 items, standard error 0.0003
    1.6292, // 20 items, standard error 0.0003
    1.6351, // 21 items, standard error 0.0003
    1.6406, // 22 items, standard error 0.0003
    1.6461, // 23 items, standard error 0.0002
    1.6511, // 24 items, standard error 0.0002
    1.6555, // 25 items, standard error 0.0002
];
