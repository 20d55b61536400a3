/** Imported first: says plainly which Node is needed before anything that an older one cannot run is evaluated. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 2)) {
  console.error(`Node ${process.versions.node} is too old for the recorder, which needs Node 24.`);
  console.error("Start it with `npm start`: it brings its own Node 24, whatever the machine has.");
  process.exit(78);
}
