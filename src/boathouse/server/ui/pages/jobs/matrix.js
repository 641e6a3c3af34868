// Tasks down, runs across. Text is bound as text.
export default {
  template: `
  <div class="bh-scroll" tabindex="0" role="region" :aria-label="label">
    <table class="bh-matrix">
      <caption class="bh-unseen">{{ label }}</caption>
      <thead><tr>
        <th scope="col"><span class="bh-unseen">Task</span></th>
        <th v-for="run in runs" :key="run.number" scope="col"><a class="bh-link" :href="run.href" :title="run.title" :aria-label="run.title">{{ run.number }}</a></th>
      </tr></thead>
      <tbody>
        <tr v-for="row in rows" :key="row.task">
          <th scope="row" :title="row.task">{{ row.task }}</th>
          <td v-for="(cell, i) in row.cells" :key="i">
            <a v-if="cell" :class="'bh-mark bh-' + cell.tone" :href="cell.href" :title="cell.title" :aria-label="cell.title"></a>
          </td>
        </tr>
      </tbody>
    </table>
  </div>`,
  props: { runs: Array, rows: Array, label: String },
};
