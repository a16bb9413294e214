@NullMarked
package io.vmxsim.cpu.board;

import org.jspecify.annotations.NullMarked;
