// What the explorer's scripts hand each other. They stand in one scope; frontend/__init__.py puts them together.

/** What frontend/__init__.py writes before the scripts. */
declare const HERE: string; // the address of the page's script
declare const THEME: {
  light: { layout: { margin: { t: number; b: number } } };
  dark: object;
  twins: Record<string, string>;
  height: number;
};
declare const ENTITIES: Record<string, string>;
declare const NARROW: { below: number; columns: number; share: number; lowest: number; between: number };

/** A figure as plain data, its numeric leaves typed arrays, or rows of them. */
type Tree = { data: Trace[]; layout: Layout };
type Trace = Record<string, any>;
type Layout = Record<string, any>;
type Numbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;
type Rows = Numbers | Rows[];
type Dtype = "u1" | "i1" | "u2" | "i2" | "u4" | "i4" | "f4" | "f8";

type Changed = [trace: number, names: string[]][]; // the lists of numbers that differ

/** Of a table: see pack.py. */
type Header = {
  base: any;
  paths: (string | number)[][];
  groups: { index: number[]; diffs: [path: number, value: any][][] }[];
  arrays: [block: number, start: number, length: number, ...columns: number[]][];
  blocks: [dtype: Dtype, length: number][];
};

/** A control as kinds.py describes it; `pause` stops one that moves by itself. */
type Control = {
  name: string;
  kind: string;
  texts: string[];
  keys: string[];
  default: number;
  interval?: number;
  pause?: () => void;
};
type Input = HTMLInputElement; // or a select, of which only `value` is used

interface HTMLElementTagNameMap {
  "sawaru-explorer": SawaruExplorer;
}

/** What is known of a kind of control; `read` gives null where an input does not say the value. */
type Kind = {
  read: (input: Input) => number | null;
  show: (input: Input, index: number, control: Control) => void;
  wire?: (control: Control, explorer: SawaruExplorer) => void;
};

/** Plotly, and the element that it draws in. What is its own is there from the first drawing on; _ marks what is not public. */
type Plotly = {
  react(plot: Plot, data: Trace[], layout: Layout, config?: object): Promise<unknown>;
  purge(plot: Plot): void;
};
type Plot = HTMLElement & {
  data: Trace[];
  emit(event: string): void;
  _fullData: Trace[];
  _fullLayout: Layout;
  calcdata: any[][];
  /** What draw.js remembers of the last drawing. */
  shown?: { figure: Tree; dark: boolean; paper: boolean } | null;
  drawnBy?: Plotly;
  room?: string;
};

/** The kernel's end of the widget. */
type Model = {
  get(name: "figure" | "description" | "error"): string;
  get(name: "busy"): boolean;
  send(message: { kind: "plotly"; name: string }): void;
  on(event: string, callback: (message: any, buffers: DataView<ArrayBuffer>[]) => void): void;
  off(event: string, callback: () => void): void;
};
/** A bundle of Plotly on its way from the kernel; once a page, whichever widget asked. */
type Arrival = { ready?: Promise<Plotly>; resolve?: (plotly: Plotly) => void; asker?: Model | null; arrived?: boolean };
declare var Plotly: Plotly;
declare var sawaruPlotly: Record<string, Arrival> | undefined;
