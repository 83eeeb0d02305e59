// Which Node the program needs. Plain JavaScript, for the Node that is too old.

/** As `engines` of package.json says. */
export const nodeMajorMin = 26

/**
 * What to say where this Node is too old; undefined where it is not.
 * @param {string} version such as `20.20.2`
 * @returns {string | undefined}
 */
export function nodeProblem(version) {
  if (Number(version.split('.')[0]) >= nodeMajorMin) return undefined
  return (
    'Cadastre needs Node ' +
    nodeMajorMin +
    ' or newer, and this is Node ' +
    version +
    '. `npm install --global node@' +
    nodeMajorMin +
    '` brings one, as does https://nodejs.org.'
  )
}
