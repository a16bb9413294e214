package io.vmxsim.cpu.snapshot;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a class whose instances are no part of a machine's state: they follow from the rest of it, as
 * decoded code follows from memory. Whoever holds one must do as well with what a new machine has
 * in its place, or with none. A single field that is no state is {@code transient}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface Rebuilt {}
