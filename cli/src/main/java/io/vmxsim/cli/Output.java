package io.vmxsim.cli;

/** The form of what a command has found. */
enum Output {
  TEXT,
  JSON
}
