// JSON in which equal values are equal texts, in whatever order the members of their objects were written.

/** As JSON, with the members of every object in the order of their names; undefined where JSON has no text for the value. */
export const orderedJson = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  ) as string | undefined
