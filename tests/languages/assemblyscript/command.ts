// command.ts - the command of tests/languages in AssemblyScript: the WASI shim for the process, the raw calls for the file.
import { fd_prestat_dir_name, fd_prestat_get, fd_read, lookupflags, oflags, path_open, prestat, rights } from "@assemblyscript/wasi-shim/assembly/bindings/wasi_snapshot_preview1";

// The first line that the descriptor has; lines are short.
function firstLine(fd: u32): string {
  const buffer = new ArrayBuffer(256);
  const vector = new StaticArray<usize>(2);
  const got = new StaticArray<usize>(1);
  vector[0] = changetype<usize>(buffer);
  vector[1] = 256;
  if (fd_read(fd, changetype<usize>(vector), 1, changetype<usize>(got)) != 0) return "";
  const text = String.UTF8.decodeUnsafe(changetype<usize>(buffer), got[0]);
  return text.split("\n")[0];
}

// The file's descriptor. Descriptors of folders begin at 3; the path is relative to the folder whose name it begins with.
function open(path: string): u32 {
  const ret = new StaticArray<u32>(2); // what is open, then how long its name is
  for (let fd: u32 = 3; fd_prestat_get(fd, changetype<prestat>(ret)) == 0; fd++) {
    const name = new ArrayBuffer(ret[1]);
    fd_prestat_dir_name(fd, changetype<usize>(name), ret[1]);
    const folder = String.UTF8.decode(name);
    if (!path.startsWith(folder)) continue;
    const rest = String.UTF8.encode(folder.endsWith("/") ? path.substring(folder.length) : path.substring(folder.length + 1));
    if (path_open(fd, lookupflags.SYMLINK_FOLLOW, changetype<usize>(rest), rest.byteLength, <oflags>0, rights.FD_READ, 0, 0, changetype<usize>(ret)) == 0)
      return ret[0];
  }
  throw new Error("the file cannot be opened");
}

const args = process.argv.slice(1).join(" ");
const greeting = process.env.has("GREETING") ? process.env.get("GREETING") : "";
console.log("content-type: text/plain\nx-language: AssemblyScript\n");
console.log("arguments: " + args);
console.log("environment: " + greeting);
console.log("line: " + firstLine(0));
console.log("file: " + firstLine(open("/data/note.txt")));
