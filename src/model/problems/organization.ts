// What is wrong with organizations, units, accounts, their names and tags.

export const organizationProblems = {
  'email-length': ({ max }: { max: number }) => `it must have 6 to ${max} characters`,
  'no-email': () => 'it must look like `name@example.com`',
  'no-cloud': () => 'it may hold 1 to 32 small letters, digits and dashes, such as `azure`',
  'no-external-id': ({ cloud }: { cloud: keyof typeof externalIds }) =>
    `of \`${cloud}\` ${externalIds[cloud]} is expected`,
  'means-something-else': () => 'twelve digits, `ou-…`, `r-…` and `*` mean something else here',
}

const externalIds = {
  aws: 'the twelve digits of an account',
  azure: 'the GUID of a subscription',
  gcp: 'the id of a project: 6 to 30 small letters, digits and dashes, a letter first',
} as const
