/** The program a user starts: one picocli command per file, no logic. */
@NullMarked
package io.vmxsim.cli;

import org.jspecify.annotations.NullMarked;
