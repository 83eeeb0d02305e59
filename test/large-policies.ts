// Documents of a chosen size, for what tests of bounds say.

const valueLength = 250

/** A document of the native API whose conditions make it about so many bytes long; it never takes fewer. */
export const largeDocument = (pool: string, bytes: number) => {
  const count = Math.ceil(bytes / (valueLength + 3))
  const values = Array.from({ length: count }, (_, index) => `${index}-`.padEnd(valueLength, 'x'))
  const tags = Array.from({ length: Math.ceil(count / valuesMax) }, (_, index) => ({
    key: `key-${index}`,
    values: values.slice(index * valuesMax, (index + 1) * valuesMax),
  }))
  return { rules: [{ poolId: pool, when: { tags } }] }
}
const valuesMax = 500

/** How long documents are in the store, whoever has read them. */
export const documentsBytes = (documents: readonly object[]): number => Buffer.byteLength(JSON.stringify(documents))
