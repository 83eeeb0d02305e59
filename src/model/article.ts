// Grammar of names that are put into sentences.

/** `a` or `an`, by how the name of a type is spoken: `a vpc`, `an eip`, `an rds`, `an azure:public-ip`. */
export const articleFor = (type: string): 'a' | 'an' => (/^(?:[aeio]|u(?!ni|s)|rds|rnat)/.test(type) ? 'an' : 'a')
