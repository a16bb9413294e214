/** The proof: published tables, reference models, differential tests. */
@NullMarked
package io.vmxsim.validation;

import org.jspecify.annotations.NullMarked;
