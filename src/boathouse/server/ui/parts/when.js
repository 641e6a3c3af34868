// An instant in the reader's zone, with UTC in its title.
const bhTime = window.bhTime;

export default {
  template: `<time :datetime="new Date(at).toISOString()" :title="ago ? local + ' · ' + utc : utc">{{ shown }}</time>`,
  props: { at: Number, ago: Boolean },
  data: () => ({ beat: 0 }),
  computed: {
    local() { return bhTime.local(this.at); },
    utc() { return bhTime.utc(this.at); },
    shown() { return this.beat, this.ago ? bhTime.ago(this.at) : this.local; },
  },
  mounted() { if (this.ago) this.timer = setInterval(() => this.beat++, 30000); },
  unmounted() { clearInterval(this.timer); },
};
