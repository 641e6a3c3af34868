// Rows under columns. Text is bound as text, so nothing in a cell is ever read as HTML.
const bhTime = window.bhTime;

const SEARCH_FROM = 8;

export default {
  template: `
  <div class="bh-grid">
    <div v-if="search && rows.length >= ${SEARCH_FROM}" class="bh-grid-tools">
      <input type="search" class="bh-input" v-model="wanted" :aria-label="'Search in ' + label" placeholder="Search" />
      <span class="bh-note">{{ found.length.toLocaleString() }} of {{ rows.length.toLocaleString() }}</span>
    </div>
    <div class="bh-scroll" tabindex="0" role="region" :aria-label="label">
      <table>
        <caption class="bh-unseen">{{ label }}</caption>
        <thead><tr>
          <th v-for="(name, i) in columns" :key="i" scope="col" :class="{ 'bh-number': numeric[i] }"
              :aria-sort="by === i ? (down ? 'descending' : 'ascending') : null">
            <button type="button" @click="sort(i)">{{ name }}<span aria-hidden="true">{{ by === i ? (down ? ' ↓' : ' ↑') : '' }}</span></button>
          </th>
          <th v-if="choosable" scope="col"><span class="bh-unseen">Choose</span></th>
        </tr></thead>
        <tbody>
          <tr v-for="row in shown" :key="row.n">
            <td v-for="(cell, i) in row.cells" :key="i" :class="{ 'bh-number': cell.number || (numeric[i] && cell.key === null), 'bh-long': cell.text && cell.text.length > 40 }">
              <span v-if="cell.marks" class="bh-marks"><a v-for="(mark, j) in cell.marks" :key="j" :href="mark.href" :class="'bh-mark bh-' + mark.tone" :title="mark.title" :aria-label="mark.title"></a></span>
              <component v-else :is="cell.href ? 'a' : 'span'" :href="cell.href" :class="cell.tone ? 'bh-badge bh-' + cell.tone : (cell.href ? 'bh-link' : cell.faint ? 'bh-note' : null)">
                <time v-if="cell.at !== undefined" :datetime="iso(cell.at)" :title="utc(cell.at)">{{ cell.ago ? ago(cell.at) : local(cell.at) }}</time>
                <template v-else>{{ cell.text }}</template>
              </component>
            </td>
            <td v-if="choosable"><button v-if="!only || only.includes(row.n)" type="button" class="bh-button bh-small" @click="$emit('choose', row.n)" :aria-label="choose + ' ' + row.cells[0].text">{{ choose }}</button></td>
          </tr>
        </tbody>
      </table>
    </div>
    <nav v-if="pages > 1" class="bh-grid-tools" :aria-label="'Pages of ' + label">
      <button type="button" class="bh-button bh-small" :disabled="page === 0" @click="page--">Previous</button>
      <span class="bh-note">{{ page + 1 }} of {{ pages }}</span>
      <button type="button" class="bh-button bh-small" :disabled="page >= pages - 1" @click="page++">Next</button>
    </nav>
  </div>`,
  props: { columns: Array, rows: Array, label: String, perPage: Number, choosable: Boolean, choose: { type: String, default: "Open" }, only: Array, search: { type: Boolean, default: true } },
  emits: ["choose"],
  data: () => ({ by: null, down: false, wanted: "", page: 0 }),
  computed: {
    numeric() { return this.columns.map((_, i) => this.rows.some((row) => row[i]?.number)); },
    found() {
      const wanted = this.wanted.trim().toLowerCase();
      const rows = this.rows.map((cells, n) => ({ cells, n }));
      return wanted ? rows.filter((row) => row.cells.some((cell) => String(cell.text).toLowerCase().includes(wanted))) : rows;
    },
    sorted() {
      if (this.by === null) return this.found;
      const sign = this.down ? -1 : 1;
      return [...this.found].sort((one, other) => {
        const a = one.cells[this.by].key, b = other.cells[this.by].key;
        if (a === null || b === null) return (a === null) - (b === null); // what is missing stays last
        return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
      });
    },
    pages() { return Math.ceil(this.sorted.length / this.perPage); },
    shown() { return this.sorted.slice(this.page * this.perPage, (this.page + 1) * this.perPage); },
  },
  watch: {
    wanted() { this.page = 0; },
    pages(count) { this.page = Math.min(this.page, Math.max(0, count - 1)); },
  },
  methods: {
    sort(i) { this.down = this.by === i && !this.down; this.by = i; },
    iso: (at) => new Date(at).toISOString(),
    utc: (at) => bhTime.utc(at),
    local: (at) => bhTime.local(at),
    ago: (at) => bhTime.ago(at),
  },
};
