// A log that grows. Text is added as text nodes: nothing in it is ever read as HTML.
const MOST_CHARACTERS = 4000000;

export default {
  template: `<pre class="bh-log" tabindex="0" role="log" aria-live="off" :aria-label="label"></pre>`,
  props: { label: String },
  methods: {
    add(text) {
      const element = this.$el;
      const followed = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
      element.append(document.createTextNode(text));
      this.size = (this.size ?? 0) + text.length;
      while (this.size > MOST_CHARACTERS && element.childNodes.length > 1) {
        this.size -= element.firstChild.length;
        element.firstChild.remove();
      }
      if (followed) element.scrollTop = element.scrollHeight;
    },
    put_before(text) {
      const element = this.$el, fromEnd = element.scrollHeight - element.scrollTop;
      element.prepend(document.createTextNode(text));
      element.scrollTop = element.scrollHeight - fromEnd;
    },
    clear() {
      this.$el.replaceChildren();
      this.size = 0;
    },
  },
};
