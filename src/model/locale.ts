// Where addresses are used: a Region of this cloud, or a place in another cloud or on a site of one's own.

/** `CLOUD:REGION` or `onprem:SITE`, such as `azure:westeurope`. Colons set it apart from Regions, which have none. */
export const isForeignLocale = (text: string): boolean => /^[a-z0-9-]{1,32}:[A-Za-z0-9._-]{1,64}$/.test(text)
