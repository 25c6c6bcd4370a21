//! kmsr-emulator
