// One chart of many long curves, drawn by the page's own component, by bare uPlot and by Plotly from the same arrays. `paint(side)` gives the
// milliseconds until it is seen.
import { render } from 'preact';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { LineChart } from './src/charts/line_chart';
import { styleOf } from './src/data/color';
import type { Panel } from './src/data/line';
import './src/style/charts.css';

declare const Plotly: any;

const CURVES = 100;
const POINTS = 10_000;
const SIZE = { width: 900, height: 280 };

const xs = Array.from({ length: POINTS }, (_, i) => i);
const curves = Array.from({ length: CURVES }, (_, curve) => walk(curve + 1));

// A loss that falls, with noise; the same in each run.
function walk(seed: number): number[] {
  let state = seed * 2_654_435_761;
  const random = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);
  let wander = 0;
  return xs.map((x) => {
    wander = 0.99 * wander + 0.02 * (random() - 0.5);
    return (1 + 0.01 * seed) * Math.exp(wander) * (1 + 9 / (1 + x / 300)) * (0.97 + 0.06 * random());
  });
}

type Draw = (place: HTMLElement) => () => void;

const SIDES: Record<string, Draw> = {
  page(place) {
    const panel: Panel = {
      id: 'loss',
      title: 'loss',
      meaning: '',
      unit: '',
      isLog: true,
      lines: curves.map((ys, i) => ({ group: `arm ${i}`, label: `arm ${i}`, role: 'mean', style: styleOf(i, false), xs, ys })),
    };
    const nothing = () => undefined;
    render(
      <LineChart
        panel={panel}
        xLabel="step"
        zoom={undefined}
        height={SIZE.height}
        isDark={false}
        syncKey="painting"
        focus={undefined}
        onFocus={nothing}
        onZoom={nothing}
      />,
      place,
    );
    return () => render(null, place);
  },
  // The looks of the page's lines, and nothing else that is not uPlot's default.
  uplot(place) {
    const series = curves.map((_, i) => ({ stroke: styleOf(i, false).color, width: 2, dash: styleOf(i, false).dash }));
    const options = {
      ...SIZE,
      legend: { show: false },
      scales: { x: { time: false }, y: { distr: 3 as const } },
      series: [{}, ...series.map((look) => ({ ...look, points: { show: false } }))],
    };
    const plot = new uPlot(options, [xs, ...curves], place);
    return () => plot.destroy();
  },
  plotly(place) {
    const dashes = ['solid', 'dash', 'dot', 'dashdot'];
    const traces = curves.map((y, i) => ({
      type: 'scatter', // scattergl needs a graphics card, or the processor plays one
      mode: 'lines',
      x: xs,
      y,
      line: { color: styleOf(i, false).color, width: 2, dash: dashes[Math.floor(i / 8) % 4] },
    }));
    void Plotly.newPlot(place, traces, { ...SIZE, showlegend: false, yaxis: { type: 'log' } }, { displayModeBar: false });
    return () => Plotly.purge(place);
  },
};

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));
// Behind the painting that the frame ends with.
const afterFrame = () =>
  nextFrame().then(
    () =>
      new Promise((done) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = done;
        channel.port2.postMessage(0);
      }),
  );

const IS_DRAWN: Record<string, string> = { page: '.uplot canvas', uplot: '.uplot canvas', plotly: '.scatterlayer .trace' };

async function paint(side: string): Promise<number> {
  const place = document.createElement('div');
  place.style.width = `${SIZE.width}px`;
  document.body.append(place);
  await nextFrame();
  const start = performance.now();
  const remove = SIDES[side](place);
  while (!place.querySelector(IS_DRAWN[side])) await nextFrame();
  await afterFrame();
  // What was told to a canvas may be painted later: reading a pixel waits for it.
  place.querySelector<HTMLCanvasElement>('.uplot canvas')?.getContext('2d')!.getImageData(0, 0, 1, 1);
  const took = performance.now() - start;
  remove();
  place.remove();
  await afterFrame();
  return took;
}

Object.assign(window, { paint });
