// Where what waits is decided on. Apart from its list: the overview, which many load first, has no tables.
export const pathOfWaiting = ({ id }: { readonly id: string }): string =>
  id.startsWith('exception-') ? `/exceptions/${id}` : `/change-requests/${id}`
