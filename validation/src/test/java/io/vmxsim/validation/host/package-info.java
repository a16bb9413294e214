/** Single instructions here and on the host's processor, compared. */
@org.jspecify.annotations.NullMarked
package io.vmxsim.validation.host;
