/**
 * The guest as bytes, so that a lab needs no assembler: what boot-sector.S becomes, up to its parameters. The test of the lab
 * assembles the source again where an assembler is installed, and compares.
 */
const code =
  "+jHAjtgPARYQfQ8gwAwBDyLA6hd8CABmuBAAjtiOwI7gjuiO0LwAcAAA5JIMAuaSDwEdIH0AALD+5iGw/+ahsDTmQ7Cc5kCwLuZAMdu/AAAQAI" +
  "kfifgzBex9AACJRwSBxwAQAAA7PeR9AABy5bBC6HgAAACLLeh9AAC+LgAAAL8AABAAifgzBex9AAA5RwR1BDkfdAi+IQAAAIlHBI1DAYkHiw3g" +
  "fQAA4wNJdf1NdRGLLeh9AAD79LAg5iC8AHAAAIHHABAAADs95H0AAHK1Q4nw6BUAAACDPfB9AAAAdJpmugQGZrgAIGbv645muvgD7sONtgAAAA" +
  "AAAAAAAAAAAP//AAAAms8A//8AAACSzwAXAPh8AABmkLh8CAAAjgAARwDYfA==";

const parametersAt = 0x1e0;
const signatureAt = 510;
/** Where in the guest's memory the word lies that switches it off: see boot-sector.S. */
export const offAt = 0x7c00 + parametersAt + 16;
const pageBytes = 4096;
const mebibyte = 1024 * 1024;
/** Ticks of the guest's timer in a second. */
const ticks = 100;
const seed = 0x5eed1ab5;

export interface BootSectorOptions {
  /** How much memory the guest keeps writing to, from 1 MiB up. */
  dirtyMiB: number;
  /** MiB written per second; 0 = as fast as it can. */
  dirtyRate: number;
  /** Turns of an empty loop after each page: for a guest whose rate falls with its share of CPU. */
  delay: number;
}

export function bootSector({ dirtyMiB, dirtyRate, delay }: BootSectorOptions): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from(code, "base64").copy(sector);
  sector.writeUInt32LE(delay, parametersAt);
  sector.writeUInt32LE((1 + dirtyMiB) * mebibyte, parametersAt + 4);
  sector.writeUInt32LE(Math.ceil((dirtyRate * mebibyte) / pageBytes / ticks), parametersAt + 8);
  sector.writeUInt32LE(seed, parametersAt + 12);
  sector.writeUInt16LE(0xaa55, signatureAt);
  return sector;
}
