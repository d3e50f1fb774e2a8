// Renders with the template engines of Node when asked: one JSON request a line in, one JSON answer a line out.
//
//   {"ask": "load", "engine": "liquidjs", "source": "…", "customers": […]}  → {"text": "…"}   what the first one gets
//   {"ask": "render", "renders": 200}                                       → {"us": 12.3}    CPU of one rendering
//   {"ask": "compile", "times": 5}                                          → {"ms": 0.4}     CPU of one compilation
//
// Render and compile speak of the template that "use": "name" of a load gave its name to.
'use strict'

const readline = require('node:readline')
const Handlebars = require('handlebars')
const { Liquid } = require('liquidjs')

const compilers = {
  // Handlebars compiles at the first rendering: an empty one makes it.
  handlebars: (source) => {
    const template = Handlebars.create().compile(source)
    template({})
    return template
  },
  liquidjs: (source) => {
    const engine = new Liquid({ outputEscape: 'escape' })
    const template = engine.parse(source)
    return (data) => engine.renderSync(template, data)
  },
}
const loaded = new Map()

function microseconds (work) {
  const before = process.cpuUsage()
  work()
  const spent = process.cpuUsage(before)
  return spent.user + spent.system
}

const answers = {
  load ({ use, engine, source, customers }) {
    const render = compilers[engine](source)
    loaded.set(use, { engine, source, customers, render })
    return { text: render(customers[0]) }
  },
  render ({ use, renders }) {
    const { render, customers } = loaded.get(use)
    const spent = microseconds(() => {
      for (let number = 0; number < renders; number++) render(customers[number % customers.length])
    })
    return { us: spent / renders }
  },
  compile ({ use, times }) {
    const { engine, source } = loaded.get(use)
    const spent = microseconds(() => {
      for (let number = 0; number < times; number++) compilers[engine](source)
    })
    return { ms: spent / times / 1000 }
  },
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line)
  process.stdout.write(JSON.stringify(answers[request.ask](request)) + '\n')
})
