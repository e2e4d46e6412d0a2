/** What a maintenance needs of the world. */
import type { Clock } from "../core/ports";
import type { CommandState, Edit, Goal, HostObservation, Journal, Plan, Vm } from "./model";

export interface World {
  clock: Clock;
  rebootTimeoutMs: number;
  /** The user asked to stop at the next safe point. */
  interrupted(): boolean;
  /** A row, at the time at which it is said. */
  say(row: string): void;
  newId(): string;
  /** On disk when it resolves. */
  save(journal: Journal): Promise<void>;
  /** The maintenance is over. */
  remove(): Promise<void>;
  observe(host: string, commandId: string | undefined): Promise<HostObservation>;
  plan(goal: Goal, host: string): Promise<Plan>;
  /** False: the file is not what it was when this was planned, and nothing was written. */
  edit(edit: Edit): Promise<boolean>;
  /** Resolves to its exit code. */
  up(refresh: boolean): Promise<number>;
  /** Of these VMs, those that are not where the file has them. */
  compare(vms: readonly string[]): Promise<string[]>;
  /** Resolves to those that are active still when the time is over. */
  shutDown(host: string, vms: readonly Vm[]): Promise<readonly Vm[]>;
  /** Begins it, unless it was begun before. Resolves to why it cannot, if so. */
  startCommand(host: string, id: string, command: string): Promise<string | undefined>;
  /** Lines of its output, from a line on. */
  output(host: string, id: string, from: number): Promise<{ lines: string[]; state: CommandState }>;
  /** Unless another boot runs by now. Resolves to why the host refuses, if so. */
  reboot(host: string, bootId: string, command: string): Promise<string | undefined>;
  /** What is wrong with the host. */
  doctor(host: string): Promise<string[]>;
  /** Resolves to what does not run, and why. */
  start(host: string, vms: readonly Vm[]): Promise<string[]>;
  /** Removes what a command left on the host. */
  clean(host: string, id: string): Promise<void>;
}
