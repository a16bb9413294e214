/** Reports as a page of HTML that needs nothing but a browser. */
@org.jspecify.annotations.NullMarked
package io.vmxsim.traces.html;
