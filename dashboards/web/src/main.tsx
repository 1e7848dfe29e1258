import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';
import './style/charts.css';
import { beginSession } from './api/session';
import { App } from './app';

void beginSession();
render(<App />, document.getElementById('page')!);
