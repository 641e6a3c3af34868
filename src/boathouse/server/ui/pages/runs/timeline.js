// When each task ran: a lane per task, a bar from its start to its end. Text is bound as text.
export default {
  template: `
  <div class="bh-gantt" role="group" :aria-label="label">
    <template v-for="row in rows" :key="row.name">
      <a class="bh-link bh-gantt-name" :href="row.href" :title="row.name">{{ row.name }}</a>
      <div class="bh-gantt-lane" role="img" :aria-label="row.title" :title="row.title">
        <span v-if="row.width !== null" :class="'bh-gantt-bar bh-' + row.tone" :style="{ left: row.left + '%', width: row.width + '%' }"></span>
        <span class="bh-gantt-text" :style="row.left > 55 ? { right: (100 - row.left) + '%', paddingRight: '6px' } : { left: (row.width !== null ? row.left : 0) + '%' }">{{ row.text }}</span>
      </div>
    </template>
  </div>`,
  props: { rows: Array, label: String },
};
