//! Whether the user asked to stop.

unsafe extern "C" {
    // In entrypoint.c: asks R for pending interrupts inside R_ToplevelExec, so that R's jump ends there and never
    // unwinds a Rust frame.
    safe fn kmsr_interrupted() -> std::os::raw::c_int;
}

/// Whether an interrupt is pending; asking takes it off R's hands. For the main thread only.
pub(crate) fn pending() -> bool {
    kmsr_interrupted() != 0
}
