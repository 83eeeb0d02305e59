/** Of the unit that all of the example is in. Apart from how it is made: the overview, which many load first, knows its name alone. */
export const exampleName = 'Example company'
