// Curator's x-discovery beside the registry: registers an instance, and says what it reads of ours, one line each.
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

public class DiscoveryPeer {
  public static void main(String[] arguments) throws Exception {
    // Whatever the locale says.
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    CuratorFramework curator = CuratorFrameworkFactory.newClient(arguments[0], 40_000, 40_000, new RetryOneTime(100));
    curator.start();
    JsonInstanceSerializer<Object> serializer = new JsonInstanceSerializer<>(Object.class);
    ServiceDiscovery<Object> discovery = ServiceDiscoveryBuilder.builder(Object.class)
        .client(curator).basePath("/services").serializer(serializer).build();
    discovery.start();
    Map<String, Object> payload = new LinkedHashMap<>(Map.of("weight", 3));
    discovery.registerService(ServiceInstance.<Object>builder()
        .name("java").id("j1").address("10.0.0.9").port(90).payload(payload).build());
    for (int i = 1; i < arguments.length; i++) {
      for (ServiceInstance<Object> found : discovery.queryForInstances(arguments[i])) {
        out.println("read " + arguments[i] + " " + found.getId() + " " + found.getAddress() + " "
            + found.getPort() + " " + found.getPayload() + " " + found.isEnabled());
        out.println("bytes " + arguments[i] + " " + found.getId() + " " + new String(serializer.serialize(found), "UTF-8"));
      }
    }
    out.println("ready");
    System.in.read();
    discovery.close();
    curator.close();
  }
}
