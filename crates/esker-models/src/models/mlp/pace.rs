//! Whether the parts of a batch are worked on side by side. On a machine that others use as well, waiting for a second thread at every step
//! can take longer than doing without it; so both are tried now and then, and the faster goes on. Results do not depend on it.

use std::time::Instant;

/// Steps timed together.
const STEPS: u32 = 8;
/// Stretches of so many steps between two trials.
const STRETCHES: u32 = 24;

/// Times steps of either kind.
#[derive(Debug)]
pub(super) struct Pace {
    /// Seconds of a stretch alone and side by side, the latest counting most.
    seconds: [f64; 2],
    step: u32,
    stretch: u32,
    begun: Instant,
}

impl Pace {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { seconds: [0.0; 2], step: 0, stretch: 0, begun: Instant::now() }
    }

    fn side_by_side(&self) -> bool {
        match self.stretch {
            0 => true,
            1 => false,
            _ => self.seconds[1] < self.seconds[0],
        }
    }

    /// Whether the next step is made side by side.
    pub(super) fn next(&mut self) -> bool {
        if self.step == STEPS {
            let took = self.begun.elapsed().as_secs_f64();
            let seconds = &mut self.seconds[usize::from(self.side_by_side())];
            *seconds = if *seconds > 0.0 { 0.5 * (*seconds + took) } else { took };
            self.stretch = (self.stretch + 1) % STRETCHES;
            self.step = 0;
        }
        if self.step == 0 {
            self.begun = Instant::now();
        }
        self.step += 1;
        self.side_by_side()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_way_goes_on_and_the_other_is_tried_again() {
        for slow in [true, false] {
            let mut pace = Pace::new();
            let mut made = Vec::new();
            for _ in 0..STEPS * STRETCHES * 2 {
                let both = pace.next();
                made.push(both);
                if both == slow {
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
            }
            let both = made.iter().filter(|b| **b).count() as u32;
            // One trial in each round is of the slower way; a disturbed machine may add a few.
            let slower = if slow { both } else { made.len() as u32 - both };
            assert!((STEPS..STEPS * STRETCHES).contains(&slower), "{slower} of {} steps were made the slower way", made.len());
        }
    }
}
