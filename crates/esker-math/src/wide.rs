//! Loops compiled for the widest vectors that the processor at hand has.

/// Runs `work`, and all that is inlined into it, with the vector instructions of this processor (on x86-64 those of AVX2 where it has
/// them). Rounding is the same everywhere: nothing is contracted or put in another order.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
