/**
 * The part of the withdrawn `Reflect` metadata proposal that @peculiar/x509's container asks for when it is imported;
 * imported before it. A polyfill that is already there is kept.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>();

function own(key: unknown, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function inherited(key: unknown, target: object): unknown {
  const parent: object | null = Reflect.getPrototypeOf(target);
  return own(key, target) ?? (parent === null ? undefined : inherited(key, parent));
}

function define(key: unknown, value: unknown, target: object): void {
  const entries = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, entries.set(key, value));
}

if (!("getMetadata" in Reflect))
  Object.assign(Reflect, { getMetadata: inherited, getOwnMetadata: own, defineMetadata: define });
