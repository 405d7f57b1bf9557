// What the browser remembers: settings in localStorage, and who a tab acts as in sessionStorage, so that two tabs
// can be two people. Storage may be switched off, and then nothing is remembered.

function guarded(storage) {
  return {
    read(name) {
      try {
        return globalThis[storage].getItem(`sandbox:${name}`);
      } catch {
        return null;
      }
    },
    write(name, value) {
      try {
        globalThis[storage].setItem(`sandbox:${name}`, value);
      } catch {
        // Private windows refuse; the page works without.
      }
    },
  };
}

export const lasting = guarded("localStorage");
export const tab = guarded("sessionStorage");
