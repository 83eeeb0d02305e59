// The host of a URL, as sockets and certificates name it.

/** An IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2), and nowhere else. */
export const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '')
