/** The ZeroMQ side: the public PUB socket, and the split of feed and gateway. Loads the native module. */
export { FeedServer } from "./feedServer.ts"
export type { FeedServerOptions, FeedServerStats } from "./feedServer.ts"
export { DEFAULT_CONTROL_ENDPOINT, DEFAULT_FRAMES_ENDPOINT } from "./link.ts"
export { DEFAULT_PUBLIC_ENDPOINT, ZmqPublisher, eventTopic, publicTopic, topicMode } from "./publisher.ts"
export type { PublisherOptions } from "./publisher.ts"
export { layer as remoteFeedLayer } from "./remoteFeed.ts"
export type { RemoteFeedOptions } from "./remoteFeed.ts"
export { EndpointFailed } from "./sockets.ts"
