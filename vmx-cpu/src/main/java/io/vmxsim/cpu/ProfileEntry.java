package io.vmxsim.cpu;

/**
 * One line of a profile: a value with its unit and where it comes from.
 *
 * @param section where it stands
 * @param key its name, as a file writes it and {@code --set} takes it
 * @param value its value, as written
 * @param unit what the value counts
 * @param status how it is known
 * @param source the document, dump or reasoning it rests on
 * @param origin the file and line that gave it, {@code file:line}
 */
public record ProfileEntry(
    ProfileSection section,
    String key,
    String value,
    String unit,
    ProfileStatus status,
    String source,
    String origin) {}
