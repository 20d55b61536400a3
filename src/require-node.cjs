/**
 * Required before everything else, by whatever Node the machine has: says plainly what is missing before anything is loaded
 * that an older one cannot read. So it is JavaScript that every Node knows, and CommonJS, which `--require` takes first.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (!isInstalled()) {
  refuse(`The recorder's packages are not installed. Run "npm ci" first: it brings the right Node, too.`);
} else if (major < 24 || (major === 24 && minor < 2)) {
  refuse(`Node ${process.versions.node} is too old for the recorder, which needs Node 24.
Start it with npm ("npm start"): npm ci has brought a Node 24, whatever the machine has.`);
}

/** By a package that everything here needs, wherever npm has put it. */
function isInstalled() {
  try {
    require.resolve("discord.js");
    return true;
  } catch {
    return false;
  }
}

/** @param {string} words */
function refuse(words) {
  console.error(words);
  // sysexits.h, EX_CONFIG: trying again does not help.
  process.exit(78);
}
